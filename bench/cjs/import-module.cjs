// as src/cold/import-module.ts, with require
const { writeSync } = require("node:fs");

const name = process.argv[2];
if (name) require(name);
writeSync(1, "imported");
process.exit();
