"use strict";

// Buys one answer with the wallet in the browser (EIP-1193), by version 2 of x402.
//
// A signed payment is kept until it is known how it ended, also across reloads:
// sent again it is answered with what it bought, while a second one would be paid,
// too.

const form = document.querySelector("form");
const body = document.querySelector("#body"); // null where nothing is sent
const asset = document.querySelector("#asset");
const button = document.querySelector("button");
const label = button.textContent;
const method = document.querySelector("main").dataset.method;
const path = location.pathname + location.search;
const place = "payment " + method + " " + path;

// What a wallet has to be told about a network that it does not know.
const chains = {
  "eip155:196": {
    chainId: "0xc4",
    chainName: "X Layer",
    nativeCurrency: { name: "OKB", symbol: "OKB", decimals: 18 },
    rpcUrls: ["https://rpc.xlayer.tech"],
    blockExplorerUrls: ["https://www.oklink.com/xlayer"],
  },
};

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const seconds = () => Math.floor(Date.now() / 1000);

function say(text, problem) {
  const status = document.querySelector("#status");
  status.textContent = text;
  status.toggleAttribute("data-problem", Boolean(problem));
}

// nameButton says on the button what it does next.
function nameButton() {
  button.textContent = localStorage.getItem(place) ? "Continue your open payment" : label;
}

// Headers hold JSON in base64, and the JSON holds more than ASCII.
const encode = (value) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))));
const decode = (text) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))));

function request(content, payment) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  if (payment) headers["PAYMENT-SIGNATURE"] = payment;
  return fetch(path, { method, headers, body: content });
}

async function problemOf(answer) {
  try {
    const { code, message } = (await answer.json()).error;
    return { code, message };
  } catch {
    return { code: "", message: "The server answered with status " + answer.status + "." };
  }
}

// onNetwork has the wallet work on a network, which it may not know yet.
async function onNetwork(wallet, network) {
  const chainId = "0x" + Number(network.split(":")[1]).toString(16);
  const change = () => wallet.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
  try {
    await change();
  } catch (problem) {
    if (problem.code !== 4902 && problem.data?.originalError?.code !== 4902) throw problem;
    if (!chains[network]) throw new Error("Your wallet does not know the network " + network + ". Add it there, then pay.");
    await wallet.request({ method: "wallet_addEthereumChain", params: [chains[network]] });
    await change(); // some wallets add a network and stay where they are
  }
}

// sign has the wallet authorize the transfer (EIP-3009), and returns the payment.
async function sign(wallet, challenge, wanted) {
  const [from] = await wallet.request({ method: "eth_requestAccounts" });
  await onNetwork(wallet, wanted.network);
  const authorization = {
    from,
    to: wanted.payTo,
    value: wanted.amount,
    validAfter: String(seconds() - 600),
    validBefore: String(seconds() + wanted.maxTimeoutSeconds),
    nonce: "0x" + Array.from(crypto.getRandomValues(new Uint8Array(32)), (b) => b.toString(16).padStart(2, "0")).join(""),
  };
  const message = {
    domain: {
      name: wanted.extra.name,
      version: wanted.extra.version,
      chainId: Number(wanted.network.split(":")[1]),
      verifyingContract: wanted.asset,
    },
    primaryType: "TransferWithAuthorization",
    types: {
      EIP712Domain: [
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ],
      TransferWithAuthorization: [
        { name: "from", type: "address" },
        { name: "to", type: "address" },
        { name: "value", type: "uint256" },
        { name: "validAfter", type: "uint256" },
        { name: "validBefore", type: "uint256" },
        { name: "nonce", type: "bytes32" },
      ],
    },
    message: authorization,
  };
  const signature = await wallet.request({ method: "eth_signTypedData_v4", params: [from, JSON.stringify(message)] });
  return encode({ x402Version: 2, resource: challenge.resource, accepted: wanted, payload: { signature, authorization } });
}

// settle sends a payment until it is known how it ended.
async function settle(open) {
  for (;;) {
    let answer;
    try {
      answer = await request(open.content, open.payment);
    } catch {
      say("There is no connection. The same payment is sent again.");
      await pause(5);
      continue;
    }
    const wait = Number(answer.headers.get("Retry-After"));
    if (!wait && answer.status < 500) return answer;
    const { message } = await problemOf(answer);
    if (!wait) throw new Error(message + " Your payment is kept: continue it later.");
    say(message + " The same payment is sent again.");
    await pause(wait);
  }
}

// show ends a payment with what it bought, or with why it bought nothing. What
// does not come from the shop, such as the answer of a proxy, ends nothing.
async function show(answer) {
  const kept = " Your payment is kept: continue it to get the answer; you are not charged again.";
  let text;
  try {
    text = await answer.text();
  } catch {
    throw new Error("The connection ended before all of the answer was here." + kept);
  }
  const problem = answer.ok ? null : await problemOf(new Response(text, { status: answer.status }));
  if (problem ? !problem.code : !answer.headers.get("PAYMENT-RESPONSE")) {
    throw new Error((problem?.message ?? "The answer is not the shop's.") + kept);
  }
  localStorage.removeItem(place); // not before: the payment is what gets the answer again
  if (problem) {
    say(problem.message, true);
    return;
  }
  try {
    document.querySelector("#text").textContent = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    document.querySelector("#text").textContent = text;
  }
  const receipt = decode(answer.headers.get("PAYMENT-RESPONSE"));
  const line = document.querySelector("#receipt");
  const explorer = chains[receipt.network]?.blockExplorerUrls[0];
  line.textContent = receipt.mock ? "Mock payment, no money moved: " : "Paid by transaction ";
  if (explorer && !receipt.mock) {
    const link = document.createElement("a");
    link.href = explorer + "/tx/" + receipt.transaction;
    link.textContent = receipt.transaction;
    line.append(link);
  } else {
    line.append(receipt.transaction);
  }
  document.querySelector("#answer").hidden = false;
  say("Paid.");
}

async function pay() {
  const kept = localStorage.getItem(place);
  if (kept) return show(await settle(JSON.parse(kept)));

  const wallet = window.ethereum;
  if (!wallet) throw new Error("There is no wallet in this browser. Install one, then reload this page.");
  say("Asking for the price.");
  const content = body?.value;
  const offered = await request(content);
  if (offered.status !== 402) throw new Error((await problemOf(offered)).message);
  const challenge = decode(offered.headers.get("PAYMENT-REQUIRED"));
  const wanted = challenge.accepts.find((one) => one.asset === asset.value);
  if (wanted?.amount !== asset.selectedOptions[0].dataset.amount) {
    throw new Error("The price has changed. Reload this page to see it.");
  }
  say("Waiting for your wallet.");
  const payment = await sign(wallet, challenge, wanted);
  const open = { content, payment };
  localStorage.setItem(place, JSON.stringify(open));
  say("Paying.");
  return show(await settle(open));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  document.querySelector("#answer").hidden = true;
  try {
    await pay();
  } catch (problem) {
    say(problem.code === 4001 ? "You declined in your wallet. Nothing was paid." : problem.message, true);
  }
  nameButton();
  button.disabled = false;
});

nameButton();
if (localStorage.getItem(place)) {
  if (body) body.value = JSON.parse(localStorage.getItem(place)).content;
  say("A payment of yours was not answered yet. Continue to get what it bought; you are not charged again.");
}
