/**
 * What two processes say to one another, as plain data.
 *
 * @module
 */
import type { Content } from "../actors/runtime/envelope.ts";
import type { TrunkFrame } from "./trunk.ts";

/** A domain, and which of its lives. */
export interface LivingDomain {
  readonly name: string;
  readonly incarnation: number;
}

/** What a trunk carries. `from` and `to` are domains. */
export type MeshItem<Batch> =
  /** All that run at the sender. */
  | { readonly kind: "domains"; readonly domains: readonly LivingDomain[] }
  | {
    readonly kind: "join";
    readonly from: string;
    readonly to: string;
    /** The sender's number of the link. */
    readonly link: number;
  }
  | { readonly kind: "part"; readonly from: string; readonly to: string }
  | {
    readonly kind: "batch";
    readonly from: string;
    readonly to: string;
    /** The receiver's number of the link. */
    readonly link: number;
    readonly batch: Batch;
  }
  | {
    readonly kind: "broadcast";
    readonly topic: string;
    readonly content: Content;
  };

/** A frame between two processes. */
export type MeshFrame<Batch> = TrunkFrame<MeshItem<Batch>>;
