// Packs the sample's app, as it was built, into the archive that azd would deploy: node package-app.js <archive>
import { writeFile } from "node:fs/promises";
import { SAMPLE } from "./demo/stage.js";
import { packApp } from "./deployment/app-package.js";

const [archive, ...rest] = process.argv.slice(2);
if (archive === undefined || rest.length > 0) {
  process.stderr.write("Usage: package-app <archive>\n");
  process.exit(2);
}
const content = await packApp(SAMPLE);
await writeFile(archive, content);
console.log(`${archive}: ${Math.round(content.byteLength / 1024)} KiB`);
