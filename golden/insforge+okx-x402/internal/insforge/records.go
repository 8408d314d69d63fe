package insforge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Query says which rows of a table are meant, and how to return them.
type Query struct {
	Filters []Filter // a row must pass all of them
	Order   string   // such as "created_at.desc"; empty leaves the order open
	Select  string   // columns, such as "id,title"; empty means all
	Limit   int      // 0 means no limit
	Offset  int
	Count   bool // have Select count the rows that pass, whatever the limit
}

// Filter compares a column with a value by an operator of PostgREST: eq, neq,
// gt, gte, lt, lte, like, ilike, in or is.
type Filter struct{ Column, Op, Value string }

// Eq is the filter for rows whose column equals value.
func Eq(column, value string) Filter { return Filter{column, "eq", value} }

// Select decodes the rows that q describes into rows, a pointer to a slice. It
// returns how many pass the filters when q.Count is set, and -1 otherwise.
func (c *Client) Select(ctx context.Context, as Credential, table string, q Query, rows any) (total int, err error) {
	r := records(http.MethodGet, table, q)
	r.result = rows
	if q.Count {
		r.prefer = "count=exact"
	}
	header, err := c.do(ctx, as, r)
	if err != nil {
		return -1, err
	}
	if !q.Count {
		return -1, nil
	}
	return contentRangeTotal(header.Get("Content-Range"))
}

// Insert adds one row and decodes it as the database stored it, defaults
// included, into inserted. With inserted nil nothing is read back.
func (c *Client) Insert(ctx context.Context, as Credential, table string, row, inserted any) error {
	r := records(http.MethodPost, table, Query{})
	r.body = []any{row}
	if inserted == nil {
		r.prefer = "return=minimal"
		_, err := c.do(ctx, as, r)
		return err
	}
	var rows []json.RawMessage
	r.prefer = "return=representation"
	r.result = &rows
	if _, err := c.do(ctx, as, r); err != nil {
		return err
	}
	if len(rows) != 1 {
		return fmt.Errorf("insforge: insert into %s returned %d rows, want 1", table, len(rows))
	}
	if err := json.Unmarshal(rows[0], inserted); err != nil {
		return fmt.Errorf("insforge: insert into %s: decode the row: %w", table, err)
	}
	return nil
}

// Update applies changes to the rows that pass q's filters and decodes them
// into rows, a pointer to a slice, unless that is nil. A row that is not there
// and one the caller may not change look the same: no row comes back.
func (c *Client) Update(ctx context.Context, as Credential, table string, q Query, changes, rows any) error {
	r := records(http.MethodPatch, table, q)
	r.body = changes
	return c.write(ctx, as, q, r, rows)
}

// Delete removes the rows that pass q's filters and decodes them into rows, a
// pointer to a slice, unless that is nil.
func (c *Client) Delete(ctx context.Context, as Credential, table string, q Query, rows any) error {
	return c.write(ctx, as, q, records(http.MethodDelete, table, q), rows)
}

// write refuses a query without filters: it would change the whole table.
func (c *Client) write(ctx context.Context, as Credential, q Query, r call, rows any) error {
	if len(q.Filters) == 0 {
		return errors.New("insforge: " + r.method + " " + r.path + ": no filter")
	}
	r.prefer = "return=minimal"
	if rows != nil {
		r.prefer = "return=representation"
		r.result = rows
	}
	_, err := c.do(ctx, as, r)
	return err
}

func records(method, table string, q Query) call {
	return call{method: method, path: "/api/database/records/" + url.PathEscape(table), query: q.values()}
}

func (q Query) values() url.Values {
	values := url.Values{}
	for _, f := range q.Filters {
		values.Add(f.Column, f.Op+"."+f.Value)
	}
	if q.Select != "" {
		values.Set("select", q.Select)
	}
	if q.Order != "" {
		values.Set("order", q.Order)
	}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.Offset > 0 {
		values.Set("offset", strconv.Itoa(q.Offset))
	}
	return values
}

// contentRangeTotal reads the 42 of "0-9/42" or "*/42".
func contentRangeTotal(header string) (int, error) {
	_, total, _ := strings.Cut(header, "/")
	n, err := strconv.Atoi(total)
	if err != nil || n < 0 {
		return -1, fmt.Errorf("insforge: no total in Content-Range %q", header)
	}
	return n, nil
}
