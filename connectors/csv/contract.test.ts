import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connector } from "../core/contract.ts";
import { testConnector, type ContractAccount } from "../core/contract-suite/index.ts";
import { csvFileOf, guessFile } from "./guess.ts";
import { csv } from "./index.ts";
import { readAs } from "./overrides.ts";
import type { CsvFile } from "./settings.ts";
import { fileOf, LONDON } from "./testing.ts";

/**
 * An account is a source that is exported again whenever somebody changed. The framework opens a connection anew for each
 * pass and so sees the files of that moment; here each read does.
 */
async function start(people: number): Promise<ContractAccount & { files: () => CsvFile[] }> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-csv-contract-"));
  const rows = Array.from({ length: people }, (_, n) => `${n + 1},p${n + 1}@brightleaf.co.uk,Pat Lee`);
  const files: CsvFile[] = [];
  const exportRows = async (changed: string[]) => {
    const path = join(folder, `export-${files.length}.csv`);
    const [first] = files;
    const content = `id,email,name\n${changed.join("\n")}\n`;
    const file = await fileOf(path, content, { kind: "people" });
    files.push(first === undefined ? file : await csvFileOf(path, readAs(await guessFile(path, LONDON), first)));
  };
  await exportRows(rows);
  return {
    get settings() {
      return { files };
    },
    files: () => files,
    credentials: {},
    baseUrl: "",
    idOf: (_, index) => String(index + 1),
    async change(_, index) {
      await exportRows([`${index + 1},p${index + 1}@brightleaf.co.uk,Changed 2 Lee`]);
    },
    async add() {
      await exportRows([`${people + 1},new@brightleaf.co.uk,New`]);
      return String(people + 1);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

let files: () => CsvFile[] = () => [];

const reopening: Connector = {
  ...csv,
  open: (environment) => {
    const now = () => csv.open({ ...environment, settings: { files: files() } });
    return { ...now(), read: (stream, cursor) => now().read(stream, cursor) };
  },
};

testConnector({
  connector: reopening,
  streams: ["people"],
  start: async (people) => {
    const account = await start(people);
    files = account.files;
    return account;
  },
});
