/**
 * Looks at the page from inside and says what a person would stumble over, as
 * sentences: run by the appearance tests, in the browser. Links within a
 * sentence may be as low as the sentence; whatever stands alone may not.
 *
 * @module
 */

/** A fingertip, in CSS pixels. */
const TAP = 40;
/** WCAG AA, for text of normal size; from 24 pixels on it may have less. */
const CONTRAST = 4.5;
const LARGE_CONTRAST = 3;
const LARGE = 24;

function nameOf(place) {
  const name = place.textContent.trim() || place.name || "";
  return `<${place.tagName.toLowerCase()}> “${name.slice(0, 30)}”`;
}

function isSeen(place) {
  const { width, height } = place.getBoundingClientRect();
  return width > 1 && height > 1 && !place.closest(".skip, .hidden");
}

function sideways() {
  const { scrollWidth } = document.documentElement;
  return scrollWidth > innerWidth
    ? [`scrolls sideways: ${scrollWidth} > ${innerWidth}`]
    : [];
}

/** What is wrong with a link, a button or a field. */
function touched(place) {
  const { height, left, right } = place.getBoundingClientRect();
  const found = [];
  if (height < TAP && getComputedStyle(place).display !== "inline") {
    found.push(`${nameOf(place)} is ${height} px high`);
  }
  if (left < 0 || right > innerWidth) {
    found.push(`${nameOf(place)} stands outside of the screen`);
  }
  if (place.textContent.trim() === "" && !place.labels?.length) {
    found.push(`${nameOf(place)} has no name`);
  }
  return found;
}

function luminance([red, green, blue]) {
  const light = (channel) => {
    const value = channel / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
}

function channels(color) {
  return color.match(/[\d.]+/g).map(Number);
}

/** The nearest color behind; null where a picture or gradient is. */
function behind(place) {
  for (let each = place; each !== null; each = each.parentElement) {
    const style = getComputedStyle(each);
    if (style.backgroundImage !== "none") return null;
    const color = channels(style.backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
}

/** What is wrong with the color of a text. */
function read(place) {
  const { color, fontSize } = getComputedStyle(place);
  const back = behind(place);
  // A button that cannot be pressed is meant to stand back.
  if (back === null || place.disabled) return [];
  const [dark, bright] = [luminance(channels(color)), luminance(back)]
    .sort((left, right) => left - right);
  const contrast = (bright + 0.05) / (dark + 0.05);
  const least = parseFloat(fontSize) >= LARGE ? LARGE_CONTRAST : CONTRAST;
  return contrast >= least
    ? []
    : [`${nameOf(place)} has a contrast of ${contrast.toFixed(2)}`];
}

function hasText(place) {
  return [...place.childNodes].some((node) =>
    node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== ""
  );
}

// The last value of the script is what the test gets.
[
  ...sideways(),
  ...[...document.querySelectorAll("a, button, input")]
    .filter(isSeen).flatMap(touched),
  ...[...document.querySelectorAll("body *")]
    .filter((place) => isSeen(place) && hasText(place)).flatMap(read),
];
