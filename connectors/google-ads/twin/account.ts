/** The account behind the twin: managers and accounts, campaigns, what they cost, and clicks. */
import { TwinAccount } from "#connectors/core/twin/account.ts";
import { noFaults } from "#connectors/core/twin/faults.ts";
import type { Faults } from "#connectors/core/twin/faults.ts";
import type { Row, Table, View } from "#connectors/core/twin/table.ts";
import type { AccountSeed, CampaignSeed, ClickSeed, FigureSeed, GoogleAdsSeed } from "./seed.ts";

/** What only Google Ads does. */
export interface GoogleAdsFaults extends Faults {
  /** The Cloud project has Test access: live accounts are refused. */
  testAccessOnly: boolean;
  /** How long a job for an audience takes, milliseconds. */
  jobTakesMs: number;
  /** What becomes of the jobs ordered from now on. */
  jobEnds: "SUCCESS" | "PARTIAL_SUCCESS" | "FAILED";
  /** Places within an answer are forgotten: a page token is refused. */
  forgetPages: boolean;
}

export interface UserListState extends Row {
  account: string;
  displayName: string;
  integrationCode: string;
  membershipStatus: string;
  /** The identifiers of each member, as text. */
  members: string[];
}

/** Done when its time has come, which is when somebody looks. */
export interface JobState extends Row {
  list: string;
  order: "ingest" | "remove";
  members: string[];
  doneAt: number;
  ends: GoogleAdsFaults["jobEnds"];
  carriedOut: boolean;
}

type State<Seed> = Seed & Row;

export class GoogleAdsAccount extends TwinAccount<GoogleAdsFaults> {
  readonly accounts: Table<State<AccountSeed>>;
  readonly campaigns: Table<State<CampaignSeed>>;
  readonly lists: Table<UserListState>;
  readonly jobs: Table<JobState>;
  readonly figures: View<State<FigureSeed>>;
  readonly clicks: View<State<ClickSeed>>;
  readonly #figures: Table<State<FigureSeed>>;
  readonly #clicks: Table<State<ClickSeed>>;

  constructor(clock?: () => number) {
    super({ ...noFaults(), testAccessOnly: false, forgetPages: false, jobTakesMs: 0, jobEnds: "SUCCESS" }, clock);
    this.accounts = this.table("accounts");
    this.campaigns = this.table("campaigns");
    this.lists = this.table("lists");
    this.jobs = this.table("jobs");
    this.#figures = this.table("figures");
    this.#clicks = this.table("clicks");
    // By day, and corrected with the delay that the faults ask for.
    this.figures = this.#figures.view({ key: ({ day }) => Date.parse(day), indexed: true });
    this.clicks = this.#clicks.view({ key: ({ day }) => Date.parse(day), indexed: true });
  }

  load(seed: GoogleAdsSeed): void {
    for (const account of seed.accounts) this.accounts.seed(account);
    for (const campaign of seed.campaigns) this.campaigns.seed(campaign);
    for (const figure of seed.figures) this.#figures.seed({ id: figureKey(figure), ...figure });
    for (const click of seed.clicks) this.#clicks.seed({ id: clickKey(click), ...click });
    this.markLoaded();
  }

  addAccount(account: AccountSeed): void {
    this.accounts.put(account);
  }

  addCampaign(campaign: CampaignSeed): void {
    this.campaigns.put(campaign);
  }

  renameCampaign(id: string, name: string): void {
    const campaign = this.campaigns.get(id);
    if (campaign === undefined) throw new Error(`The twin has no campaign ${id}.`);
    this.campaigns.put({ ...campaign, name });
  }

  /** Takes the place of what was there for the campaign and day. */
  setFigure(figure: FigureSeed): void {
    this.#figures.put({ id: figureKey(figure), ...figure });
  }

  /** As when a day's invalid clicks are taken out: the campaign has no row for it any more. */
  dropFigure(figure: Pick<FigureSeed, "campaign" | "day">): void {
    const found = this.#figures.get(figureKey(figure));
    if (found !== undefined) this.#figures.put({ ...found, impressions: 0, clicks: 0, costMicros: 0, conversions: 0 });
  }

  addClick(click: ClickSeed): void {
    this.#clicks.put({ id: clickKey(click), ...click });
  }

  /** Answers the job's id. */
  order(list: string, order: JobState["order"], members: string[]): string {
    const { jobTakesMs, jobEnds } = this.faults;
    const id = `job-${this.next("jobs")}`;
    this.jobs.put({ id, list, order, members, doneAt: this.now() + jobTakesMs, ends: jobEnds, carriedOut: false });
    return id;
  }

  /** The job as it stands now; who is in a list changes when it is over. */
  jobOf(id: string): { job: JobState; isOver: boolean } | null {
    const job = this.jobs.get(id);
    if (job === undefined) return null;
    const isOver = this.now() >= job.doneAt;
    if (isOver && !job.carriedOut) this.#carryOut(job);
    return { job, isOver };
  }

  #carryOut(job: JobState): void {
    this.jobs.put({ ...job, carriedOut: true });
    const list = this.lists.get(job.list);
    if (list === undefined || job.ends === "FAILED") return;
    // Some of them only: the first half.
    const done = job.ends === "SUCCESS" ? job.members : job.members.slice(0, Math.ceil(job.members.length / 2));
    const members = new Set(list.members);
    for (const member of done) {
      if (job.order === "ingest") members.add(member);
      else members.delete(member);
    }
    this.lists.put({ ...list, members: [...members] });
  }

  /** Who is in the audience with this code, once all jobs that are over are carried out. */
  membersOf(code: string): string[] {
    for (const { id } of this.jobs.values()) this.jobOf(id);
    return [...this.lists.values()].find(({ integrationCode }) => integrationCode === code)?.members ?? [];
  }

  /** Itself and all accounts below it, with how far below. */
  below(id: string): { account: State<AccountSeed>; level: number }[] {
    const root = this.accounts.get(id);
    if (root === undefined) return [];
    const found = [{ account: root, level: 0 }];
    for (const { account, level } of found)
      for (const child of this.accounts.values())
        if (child.manager === account.id) found.push({ account: child, level: level + 1 });
    return found;
  }
}

const figureKey = ({ campaign, day }: Pick<FigureSeed, "campaign" | "day">) => `${campaign} ${day}`;
const clickKey = ({ gclid, campaign, day }: ClickSeed) => gclid ?? `app ${campaign} ${day}`;
