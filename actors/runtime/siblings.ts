/**
 * The members of a family, in start order. Each knows its neighbors, so that
 * joining and leaving cost the same among a million and need no table.
 *
 * @module
 */

/** What can be a member; the fields belong to the list alone. */
export interface Sibling {
  /** The list in which it stands; null: in none. */
  siblings: unknown;
  elder: Sibling | null;
  younger: Sibling | null;
}

/** A list of siblings. Each can stand in one list at a time. */
export class Siblings<Member extends Sibling> implements Iterable<Member> {
  /** How many there are. */
  size = 0;
  #eldest: Sibling | null = null;
  #youngest: Sibling | null = null;

  /** Adds a member as the youngest; it must stand in no list. */
  add(member: Member): void {
    member.siblings = this;
    member.elder = this.#youngest;
    if (this.#youngest === null) this.#eldest = member;
    else this.#youngest.younger = member;
    this.#youngest = member;
    this.size++;
  }

  /** Takes a member out; nothing happens when it is not in. */
  delete(member: Member): void {
    if (!this.has(member)) return;
    const { elder, younger } = member;
    if (elder === null) this.#eldest = younger;
    else elder.younger = younger;
    if (younger === null) this.#youngest = elder;
    else younger.elder = elder;
    member.siblings = member.elder = member.younger = null;
    this.size--;
  }

  /** Whether it is one of them. */
  has(member: Member): boolean {
    return member.siblings === this;
  }

  /** The eldest first. A member may leave while it is visited. */
  *[Symbol.iterator](): Generator<Member> {
    let member = this.#eldest;
    while (member !== null) {
      const { younger } = member;
      yield member as Member;
      member = younger;
    }
  }
}
