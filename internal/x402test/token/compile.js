// Compiles Token.sol to what Go reads: the ABI and the creation code of each
// contract in it.
//
//     node compile.js soljson.js Token.sol > Token.json
"use strict";
const fs = require("fs");
const path = require("path");
const [compiler, source] = process.argv.slice(2);

const soljson = require(path.resolve(compiler));
const compile = soljson.cwrap("solidity_compile", "string", ["string", "number", "number"]);
const output = JSON.parse(compile(JSON.stringify({
  language: "Solidity",
  sources: { "Token.sol": { content: fs.readFileSync(source, "utf8") } },
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    metadata: { appendCBOR: false },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
  },
}), 0, 0));

for (const error of output.errors ?? []) {
  process.stderr.write(error.formattedMessage);
}
if (output.errors?.length) {
  process.exit(1);
}
const contracts = {};
for (const [name, { abi, evm }] of Object.entries(output.contracts["Token.sol"])) {
  contracts[name] = { abi, bytecode: "0x" + evm.bytecode.object };
}
process.stdout.write(JSON.stringify(contracts, null, 1) + "\n", () => process.exit(0));
