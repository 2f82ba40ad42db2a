/**
 * A picture for a product that has none: drawn from its sku and the words of
 * its name, the same each time. A color word gives the color, a thing that we
 * know gives the shape, the sku gives what is left to chance.
 *
 * @module
 */
// deno-lint-ignore-file jsx-key -- rendered once, so nothing is compared
import { stableHash } from "../../actors/runtime/random.ts";

/** Hues, for the colors that catalogs name. */
const HUES: Readonly<Record<string, number>> = {
  red: 4,
  pink: 338,
  rose: 346,
  orange: 24,
  gold: 42,
  yellow: 48,
  ivory: 44,
  cream: 40,
  green: 150,
  olive: 80,
  turquoise: 176,
  blue: 212,
  sky: 200,
  navy: 226,
  purple: 278,
  lilac: 268,
  black: 250,
  chocolate: 22,
};

/** Shapes on a field of 120 × 90: fills, and details drawn as lines. */
interface Shape {
  readonly words: RegExp;
  readonly fill: string;
  readonly line?: string;
}

const SHAPES: readonly Shape[] = [
  {
    words: /\bhearts?\b/,
    fill: "M60 70 C36 54 34 38 42 31 C50 25 58 30 60 37 C62 30 70 25 78 31 " +
      "C86 38 84 54 60 70 Z",
    line: "M60 37 V20",
  },
  {
    words: /\bbags?\b|shopper|backpack/,
    fill: "M40 38 H80 L85 72 H35 Z",
    line: "M50 46 V32 C50 20 70 20 70 32 V46",
  },
  {
    words: /\bmugs?\b|\bcups?\b|teacups?|tea\b|coffee/,
    fill: "M38 34 H76 V58 C76 68 68 70 57 70 C46 70 38 68 38 58 Z",
    line: "M76 40 H82 C90 40 90 56 80 56 H76 M48 26 V20 M57 26 V18 M66 26 V20",
  },
  {
    words: /cake|baking|bakelike|muffin/,
    fill: "M36 52 H84 L79 62 H41 Z M44 36 C44 28 76 28 76 36 V48 H44 Z",
    line: "M60 62 V72 M48 72 H72 M60 29 V22",
  },
  {
    words: /bunting|garland|chain/,
    fill:
      "M24 34 L44 38 L31 56 Z M50 39 L70 39 L60 59 Z M76 38 L96 34 L89 56 Z",
    line: "M16 32 C46 42 74 42 104 32",
  },
  {
    words: /clock|alarm|watch/,
    fill: "M60 22 A24 24 0 1 1 59.9 22 Z",
    line: "M60 32 V47 L70 53",
  },
  {
    words: /light|lantern|candle|lamp/,
    fill: "M48 42 H72 V72 H48 Z M60 18 C67 27 66 34 60 36 C54 34 53 27 60 18 Z",
    line: "M60 36 V42 M48 50 H72",
  },
  {
    words: /\bbirds?\b|\bowls?\b|\bhen\b|duck|chick|robin|dove/,
    fill: "M36 50 C36 34 56 28 66 38 C70 30 82 32 82 42 L90 45 L82 48 " +
      "C82 62 66 68 54 66 C44 64 36 60 36 50 Z",
    line: "M46 48 C52 56 60 56 66 50 M56 66 V74 M64 65 V74",
  },
  {
    words: /flower|daisy|rose|garden|blossom|poppy|tulip/,
    fill: "M60 38 C54 20 40 30 51 41 C33 39 38 58 53 48 C46 64 64 66 61 50 " +
      "C73 64 84 50 67 46 C84 38 72 24 60 38 Z",
    line: "M60 50 C62 60 60 66 58 76",
  },
  {
    words: /tree|christmas|xmas|reindeer/,
    fill: "M60 16 L74 36 H67 L80 54 H72 L86 68 H34 L48 54 H40 L53 36 H46 Z",
    line: "M60 68 V77",
  },
  {
    words: /\bstars?\b/,
    fill: "M60 18 L68 37 L88 39 L73 52 L78 72 L60 61 L42 72 L47 52 L32 39 " +
      "L52 37 Z",
  },
  {
    words: /frame|picture|mirror|sign\b|plaque|chalkboard|print/,
    fill: "M34 24 H86 V70 H34 Z",
    line: "M42 32 H78 V62 H42 Z M46 58 L56 46 L64 54 L70 48 L76 58",
  },
  {
    words: /card|paper|wrap|notebook|book|journal|envelope|ribbon/,
    fill: "M34 30 H86 V66 H34 Z",
    line: "M34 30 L60 52 L86 30",
  },
  {
    words: /bottle|jar|jug|vase|glass/,
    fill: "M52 18 H68 V30 C76 34 78 40 78 48 V72 H42 V48 C42 40 44 34 52 30 Z",
    line: "M42 52 H78 M52 24 H68",
  },
  {
    words: /bowl|plate|dish|tray|pan\b|spoon|fork|cutlery/,
    fill: "M32 42 H88 C88 60 74 68 60 68 C46 68 32 60 32 42 Z",
    line: "M46 72 H74 M50 34 C48 28 54 28 52 22 M66 34 C64 28 70 28 68 22",
  },
  {
    words: /box|tin\b|tins\b|case|storage|drawer|cabinet|lunch/,
    fill: "M34 40 H86 V70 H34 Z M31 30 H89 V38 H31 Z",
    line: "M60 30 V70 M52 30 C44 18 60 18 60 30 C60 18 76 18 68 30",
  },
  {
    words: /doormat|\bmat\b|rug\b|cushion|blanket|towel/,
    fill: "M34 32 C52 36 68 36 86 32 C82 46 82 54 86 68 C68 64 52 64 34 68 " +
      "C38 54 38 46 34 32 Z",
    line: "M50 44 H70 M50 50 H70 M50 56 H70",
  },
];

/** What a picture is drawn from. */
export interface ArtProps {
  readonly sku: string;
  readonly name: string;
}

/** The picture. Decoration only: the name stands beside it. */
export function Art({ sku, name }: ArtProps) {
  const words = name.toLowerCase();
  const chance = stableHash(sku);
  const { field, tint, body, detail } = colorsOf(words, chance);
  const shape = SHAPES.find((each) => each.words.test(words));
  return (
    <svg
      class="art"
      viewBox="0 0 120 90"
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      <rect width="120" height="90" fill={field} />
      <Ground words={words} chance={chance} color={tint} />
      {shape === undefined
        ? <Abstract chance={chance} body={body} detail={detail} />
        : (
          <>
            <path d={shape.fill} fill={body} />
            {shape.line && (
              <path
                d={shape.line}
                fill="none"
                stroke={detail}
                stroke-width="2.5"
                stroke-linecap="round"
                stroke-linejoin="round"
              />
            )}
          </>
        )}
    </svg>
  );
}

interface Colors {
  readonly field: string;
  readonly tint: string;
  readonly body: string;
  readonly detail: string;
}

/** Hues that go together, for names without a color: no acid greens. */
const CHANCE_HUES = [8, 22, 38, 46, 152, 176, 196, 214, 236, 268, 330, 346];

function colorsOf(words: string, chance: number): Colors {
  const hue = hueOf(words) ?? CHANCE_HUES[chance % CHANCE_HUES.length] ?? 0;
  const shade = (saturation: number, lightness: number) =>
    `hsl(${hue} ${saturation}% ${lightness}%)`;
  if (/white|ivory|cream/.test(words)) {
    return {
      field: shade(24, 80),
      tint: shade(26, 74),
      body: shade(40, 97),
      detail: shade(26, 36),
    };
  }
  if (/black|slate|metal|zinc|silver|grey/.test(words)) {
    return {
      field: shade(12, 86),
      tint: shade(12, 79),
      body: shade(12, 28),
      detail: shade(16, 62),
    };
  }
  return {
    field: shade(58, 90),
    tint: shade(56, 83),
    body: shade(56, 50),
    detail: shade(52, 28),
  };
}

interface GroundProps {
  readonly words: string;
  readonly chance: number;
  readonly color: string;
}

/** What is behind the shape: spots, stripes, a sun or rings. */
function Ground({ words, chance, color }: GroundProps) {
  const kind = /spot|polka|dot/.test(words)
    ? 0
    : /strip/.test(words)
    ? 1
    : 2 + (chance >>> 8) % 2;
  if (kind === 0) {
    const spots = Array.from({ length: 24 }, (_, index) => {
      const row = Math.floor(index / 6);
      return { x: (index % 6) * 22 + (row % 2) * 11, y: row * 24 + 9 };
    });
    return (
      <g fill={color}>
        {spots.map(({ x, y }) => <circle cx={x} cy={y} r="6" />)}
      </g>
    );
  }
  if (kind === 1) {
    return (
      <path
        d="M0 0 V90 M24 0 V90 M48 0 V90 M72 0 V90 M96 0 V90 M120 0 V90"
        stroke={color}
        stroke-width="12"
      />
    );
  }
  const x = 25 + (chance >>> 12) % 70;
  const y = 20 + (chance >>> 20) % 50;
  return kind === 2
    ? <circle cx={x} cy={y} r="38" fill={color} />
    : (
      <g fill="none" stroke={color} stroke-width="7">
        <circle cx={x} cy={y} r="20" />
        <circle cx={x} cy={y} r="36" />
        <circle cx={x} cy={y} r="52" />
      </g>
    );
}

interface AbstractProps {
  readonly chance: number;
  readonly body: string;
  readonly detail: string;
}

/** For things without a shape of their own: three blocks, stacked by chance. */
function Abstract({ chance, body, detail }: AbstractProps) {
  const turn = (chance >>> 4) % 4 * 15 - 22;
  const round = (chance >>> 6) % 2 === 0 ? 4 : 17;
  return (
    <g transform={`rotate(${turn} 60 46)`}>
      <rect x="36" y="28" width="34" height="34" rx={round} fill={body} />
      <rect
        x="54"
        y="36"
        width="30"
        height="30"
        rx={21 - round}
        fill="none"
        stroke={detail}
        stroke-width="3"
      />
    </g>
  );
}

function hueOf(words: string): number | undefined {
  for (const word of words.split(/[^a-z]+/)) {
    if (Object.hasOwn(HUES, word)) return HUES[word];
  }
  return undefined;
}
