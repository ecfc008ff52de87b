/** A list that runs through its members: entering and leaving allocate nothing. */

/** A member of a {@link LinkedList}; the links are the list's. */
export interface ListLink {
  previous: ListLink | undefined;
  following: ListLink | undefined;
}

/** A doubly linked list through its members, in order of arrival; a member is in one list at most, and always the same. */
export class LinkedList<T extends ListLink> {
  #first: ListLink | undefined;
  #last: ListLink | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The member that came first. */
  get first(): T | undefined {
    return this.#first as T | undefined;
  }

  has(member: T): boolean {
    return member.previous !== undefined || this.#first === member;
  }

  add(member: T): void {
    member.previous = this.#last;
    member.following = undefined;
    if (this.#last === undefined) this.#first = member;
    else this.#last.following = member;
    this.#last = member;
    this.#size++;
  }

  /** Takes a member out; returns whether it was in. */
  delete(member: T): boolean {
    if (!this.has(member)) return false;
    const { previous, following } = member;
    if (previous === undefined) this.#first = following;
    else previous.following = following;
    if (following === undefined) this.#last = previous;
    else following.previous = previous;
    member.previous = undefined;
    member.following = undefined;
    this.#size--;
    return true;
  }

  /** The members as they are now. */
  all(): T[] {
    const members: T[] = [];
    for (let each = this.#first; each !== undefined; each = each.following) members.push(each as T);
    return members;
  }
}
