// Package pay buys from sellers that speak x402 version 2: scheme exact, on EVM
// networks, with tokens that move by signed authorization (EIP-3009).
//
// The steps are Ask, Choose, Sign, Keep, Send. A buyer is charged at most once
// because a payment is signed once, lies on disk before it is sent, and from then
// on only that same signature is ever sent again: the token's contract takes each
// nonce a single time. While its outcome is open, no other payment is signed for
// the same request.
//
// This is the only package of forge that reaches a network.
package pay
