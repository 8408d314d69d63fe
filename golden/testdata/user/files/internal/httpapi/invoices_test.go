package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCreateInvoice(t *testing.T) {
	rec := httptest.NewRecorder()
	handleCreateInvoice("ACME-").ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/v1/invoices", nil))
	if rec.Code != http.StatusCreated || !strings.HasPrefix(rec.Body.String(), `{"number":"ACME-`) {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
