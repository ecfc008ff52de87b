/** The calls under way, as a list that runs through them: entering and leaving allocate nothing. */

/** A member of {@link ActiveCalls}; the links are the list's. */
export interface ActiveLink {
  /** `undefined` outside a list. */
  list: ActiveCalls<never> | undefined;
  previous: ActiveLink | undefined;
  following: ActiveLink | undefined;
}

/** A doubly linked list through its members, in order of arrival; a member is in one list at most. */
export class ActiveCalls<T extends ActiveLink> {
  #first: ActiveLink | undefined;
  #last: ActiveLink | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(member: T): boolean {
    return member.list === (this as unknown);
  }

  add(member: T): void {
    member.list = this as unknown as ActiveCalls<never>;
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
    member.list = undefined;
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
