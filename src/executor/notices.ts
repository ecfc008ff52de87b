/**
 * Notices: messages between a worker and its scheduler that belong to no part.
 *
 * A notice is plain data, sent at once and in order: one that a worker sends while a part runs comes before that part's
 * end. Both sides meet in the registry, because a worker's loop lies in a bundle and who reads notices does not.
 */
import { registrySlot } from '../base/registry.ts';
import type { Transferable } from './wire.ts';

/** The other end of a channel: the scheduler as a worker sees it, or one worker as its scheduler does. */
export interface NoticePeer {
  /** Id of the worker at the worker's end of the channel. */
  readonly workerId: number;
  /**
   * Sends plain data. Returns why it could not be sent, where that is known at once; a scheduler may learn of it later,
   * and then calls `failed`.
   */
  notify(data: unknown, transfer: Transferable[], failed: (error: unknown) => void): void;
  /**
   * Something goes on until as many {@link release}s have come: a scheduler stays alive and its pool open, a worker does not
   * block its thread.
   */
  retain(): void;
  release(): void;
}

/** Who reads notices. */
export interface NoticeReader {
  /** A notice from a peer. Must not throw. */
  read(peer: NoticePeer, data: unknown): void;
  /** The peer is gone: nothing comes from it any more. */
  gone(peer: NoticePeer, error: unknown): void;
}

/** What notices need of a worker's loop. */
export interface WorkerChannel extends NoticePeer {
  /** Takes in messages that wait; a synchronous loop gets no events. */
  poll(): void;
}

const reader = registrySlot<NoticeReader>('notice-reader', 1);
const channel = registrySlot<WorkerChannel>('worker-channel', 1);

/** Who reads the notices of this thread; nobody has sent any before there is one. */
export function readNotices(by: NoticeReader): void {
  reader.set(by);
}

/** The way to the scheduler of the pool that this thread is a worker of. */
export function parentChannel(): WorkerChannel | undefined {
  return channel.get();
}

/** Called once, by the loop of a worker. */
export function openParentChannel(opened: WorkerChannel): void {
  channel.set(opened);
}

/** A notice has come. */
export function noticed(peer: NoticePeer, data: unknown): void {
  reader.get()?.read(peer, data);
}

/** A peer is gone. */
export function peerGone(peer: NoticePeer, error: unknown): void {
  reader.get()?.gone(peer, error);
}
