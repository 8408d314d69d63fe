package insforgetest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// version is the backend's that this package was written after.
const version = "2.3.1"

func (p *Project) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{
			"status": "ok", "version": version, "service": "Insforge OSS Backend",
			"timestamp": time.Now().UTC().Format(time.RFC3339),
		})
	})
	mux.HandleFunc("/api/database/records/{table}", p.records)
	mux.HandleFunc("/api/database/records/{table}/{rest...}", p.records)
	mux.HandleFunc("/api/database/rpc/{function}", p.rpc)
	mux.HandleFunc("GET /api/database/migrations", p.admin(p.listMigrations))
	mux.HandleFunc("POST /api/database/migrations", p.admin(p.createMigration))
	mux.HandleFunc("POST /api/database/migrations/dry-run", p.admin(p.dryRun))
	mux.HandleFunc("POST /api/database/advance/rawsql", p.admin(p.rawSQL))
	mux.HandleFunc("GET /api/metadata", p.admin(p.metadata))
	p.settings.routes(mux, p.admin)
	p.Stripe.routes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, refuse(http.StatusNotFound, codeNotFound, "no such endpoint: "+r.URL.RequestURI()))
	})
	return mux
}

// body reads the JSON of a request: an object or an array, and {} where there is
// none or it is declared as something else, which is what Express makes of it.
func body(r *http.Request) (json.RawMessage, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, 100<<20))
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // none will do
	if len(data) == 0 || kind != "application/json" {
		return json.RawMessage("{}"), nil
	}
	if !json.Valid(data) {
		return nil, refuse(http.StatusBadRequest, codeInvalidInput, "the body is not JSON")
	}
	if data = compact(data); data[0] != '{' && data[0] != '[' {
		return nil, refuse(http.StatusBadRequest, codeInvalidInput, "the body is neither a JSON object nor an array")
	}
	return data, nil
}

// decode reads the JSON of a request into v.
func decode(r *http.Request, v any) error {
	data, err := body(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return refuse(http.StatusBadRequest, codeInvalidInput, fmt.Sprintf("the body does not fit: %v", err))
	}
	return nil
}
