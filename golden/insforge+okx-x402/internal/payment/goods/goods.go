// Package goods describes what is sold.
package goods

// Product is one route that is sold, one request at a time.
type Product struct {
	Route       string // a pattern of http.ServeMux with a method: "POST /v1/report"
	Price       string // in US dollars, which are units of a stablecoin: "0.01"
	Description string // what one request buys, for people
	Example     string // a request body that makes sense; with one, browsers get a page to pay on
}
