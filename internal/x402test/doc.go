// Package x402test moves real money on one machine: a chain with tokens on it, a
// facilitator that settles there with OKX's API, and buyers that sign. Only the
// money is worthless.
//
// # What is faithful
//
//   - The chain is go-ethereum's, with X Layer's number. USDG and USDC stand at
//     X Layer's addresses and publish the domain separators that X Layer's publish,
//     so signatures are good here exactly if they are good there.
//   - USDG takes a used nonce as Paxos' contracts do (EIP3009.sol): an event, no
//     revert, no money. USDC reverts. Both let contract wallets sign (EIP-1271).
//   - The facilitator speaks both generations of the API, checks the HMAC over the
//     exact bytes, and refuses in OKX's codes and reasons. What it verifies it
//     really verifies, asking the chain; what it settles is a mined transaction.
//
// # What is not
//
//   - The tokens are our own contracts. Nothing can be paused, frozen or upgraded,
//     and there are no Permit2 or cancelled authorizations.
//   - There is one node and no reorganisation. Blocks come as transactions do; in a
//     burst their time runs up to thirty seconds ahead of the clock.
//   - OKX was never asked. Where its documents disagree, Fault has each form; which
//     order it checks in, and how strict it is about bodies, is a guess towards
//     strictness. Risk checks, rate limits and other schemes than exact are absent.
//   - The older generation says nothing of a settlement's status, so its faults of
//     that kind look like success.
//   - Payments by settle without syncSettle are mined before the answer, which says
//     pending all the same.
package x402test
