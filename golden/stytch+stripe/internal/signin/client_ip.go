package signin

import (
	"net/http"
	"net/netip"
	"strings"

	"example.com/shop/internal/env"
)

// loadClientIPHeader reads CLIENT_IP_HEADER, in which the proxy in front says who calls; "" without such a proxy.
func loadClientIPHeader(r *env.Reader) string {
	return r.Optional("CLIENT_IP_HEADER", "", "a header's name such as X-Real-IP", env.Matches(`[A-Za-z0-9-]{1,64}`))
}

// clientIP is the address that a request comes from: what the proxy in front of this server says in header, which
// adds to what it was told before, or else who has connected.
func clientIP(r *http.Request, header string) string {
	if values := r.Header.Values(header); header != "" && len(values) > 0 {
		last := values[len(values)-1]
		last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		if ip, err := netip.ParseAddr(last); err == nil {
			return ip.WithZone("").String()
		}
		if ip, err := netip.ParseAddrPort(last); err == nil {
			return ip.Addr().WithZone("").String()
		}
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return from.Addr().WithZone("").String()
	}
	return "0.0.0.0" // all that comes from nowhere shares one limit
}
