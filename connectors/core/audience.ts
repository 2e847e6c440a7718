/**
 * Audiences: lists of people at an advertising vendor. A vendor does not say who is in one, so membership is what we have
 * sent and not taken back; somebody who may be in it counts as in it until the vendor has confirmed the removal.
 */
import type { FieldReport, WriteResult } from "./contract.ts";
import type { AudienceGrant } from "./grant.ts";

/** What vendors know people by. Addresses as the source writes them, the number in E.164. */
export interface AudiencePerson {
  email: string | null;
  phone: string | null;
  firstName: string | null;
  lastName: string | null;
  /** ISO 3166-1 alpha-2 */
  country: string | null;
  postcode: string | null;
}

export interface AudienceDefinition {
  /** As a field's name. */
  name: string;
  title: string;
  description: string;
}

interface Member {
  /** Ours. */
  id: string;
  /** What `identify` made of the person. */
  member: string;
  /** The vendor's job that an earlier attempt left this very change with. */
  job?: string;
}

/** Nobody is added without the ledger's word on advertising: the type asks for it. */
export interface Joining extends Member {
  grant: AudienceGrant;
}

export type Leaving = Member;

export interface MemberContext {
  /** The vendor has taken them and does it later: awaited before the job is looked at. */
  begun(job: string, ids: readonly string[]): Promise<void>;
}

export interface Audiences<Client> {
  /** Members of one call. Consent is asked per call. */
  batchSize: number;
  /** Fewer people than this are no audience to the vendor: nobody is sent. */
  minimumSize: number;
  /**
   * A person as the vendor is told of them: normalised, hashed, always the same text for the same person. Kept as long as
   * they may be in an audience, so that they can be taken out. Null: nothing that the vendor could know them by.
   */
  identify(person: AudiencePerson): string | null;
  /** Makes it where it is missing. `conflict`: what is in the way and what to do. */
  ensure(client: Client, audience: AudienceDefinition): Promise<FieldReport>;
  /** One result each, in input order, as `WriteBack.write`: `written` only once the vendor's job has ended well. */
  add(client: Client, audience: string, members: Joining[], context: MemberContext): Promise<WriteResult[]>;
  remove(client: Client, audience: string, members: Leaving[], context: MemberContext): Promise<WriteResult[]>;
}
