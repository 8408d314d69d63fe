package signin

import (
	"errors"
	"net/http"
	"testing"
)

func TestRenew(t *testing.T) {
	api := &answers{status: http.StatusOK, body: `{"user_id":"user_1","status":"active"}`}
	p := newProvider(Config{SecretKey: "sk_test_0"}, nil)
	p.http.Transport = api
	if g, err := p.renew(t.Context(), "user_1", "sess_1"); err != nil || g.subject != "user_1" || g.secret != "sess_1" {
		t.Errorf("renew = %+v, %v", g, err)
	}
	for _, ended := range []answers{
		{status: http.StatusOK, body: `{"user_id":"user_1","status":"revoked"}`},
		{status: http.StatusOK, body: `{"user_id":"user_1","status":"pending"}`},
		{status: http.StatusNotFound, body: `{"errors":[{"code":"resource_not_found"}]}`},
	} {
		*api = ended
		if _, err := p.renew(t.Context(), "user_1", "sess_1"); !errors.Is(err, errEnded) {
			t.Errorf("%d %s: %v, want ended", ended.status, ended.body, err)
		}
	}
	for _, outage := range outages {
		*api = outage
		if _, err := p.renew(t.Context(), "user_1", "sess_1"); err == nil || errors.Is(err, errEnded) {
			t.Errorf("an outage, %d %s: %v", outage.status, outage.body, err)
		}
	}
	*api = answers{}
	if _, err := p.renew(t.Context(), "user_1", ""); !errors.Is(err, errEnded) || api.asked > 0 {
		t.Errorf("no session: %v, after %d questions", err, api.asked)
	}
}
