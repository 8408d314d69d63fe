// Package authtest stands in for the providers whose tokens a generated server takes,
// and for the Internet that leads to them.
//
// No setting points a server to a stand-in here: the addresses of the hosted providers
// are part of what has to be right. It runs with a proxy and a certificate authority
// in its environment instead, as servers in companies do. The proxy leads each host's
// name to a handler of the test, and nothing else anywhere.
//
// # What is faithful
//
//   - The names, paths and TLS by which the keys of each provider are read.
//   - Header and claims of each provider's tokens, as far as documents, SDKs and
//     published tokens show them.
//   - RS256 and RSA keys of 2048 bits, published as JWKs.
//
// # What is not
//
//   - No provider was asked. Sign-in pages and code exchanges are in package hosted.
//   - A host that refuses connections does so by the proxy's 502.
package authtest
