# Bare `make` prints what there is to do.
.DEFAULT_GOAL := help

GOLANGCI_LINT_VERSION := v2.15.0
BIN := $(CURDIR)/.bin
export GOLANGCI_LINT := $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)

.PHONY: help
help: ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: tools ## Run every test, after installing what they need
	go test -timeout 28m ./...

.PHONY: check
check: tools ## Everything CI holds a change to: format, lint, tidy, tests
	@test -z "$$(gofmt -l cmd generator internal templates golden/*.go)" || { gofmt -l cmd generator internal templates golden/*.go; exit 1; }
	go vet ./...
	$(GOLANGCI_LINT) run ./...
	go mod tidy -diff
	go test -timeout 28m ./...

.PHONY: golden
golden: ## Write the golden projects anew, those that compile; then read the diff
	go test ./golden -run 'TestGolden$$' -update
	git status --short golden

.PHONY: docs
docs: ## Write the providers' pages, the README's tables and the JSON schemas anew
	go test ./internal/view ./internal/schema ./internal/cli -run 'TestDocs_areCurrent|TestSchema_filesAreCurrent|TestSchema_contract' -update

.PHONY: modules
modules: ## Resolve the templates' Go modules anew (needs the network)
	go run ./internal/modules

.PHONY: lint
lint: tools ## Lint forge itself
	$(GOLANGCI_LINT) run ./...

.PHONY: fmt
fmt: tools ## Format forge itself
	$(GOLANGCI_LINT) fmt ./...

.PHONY: build
build: ## Build the forge binary into .bin
	go build -trimpath -o $(BIN)/forge ./cmd/forge

.PHONY: bench
bench: build ## Measure forge new beside cp -r, an upgrade beside git merge, merging, selling, and signing in
	go test ./golden ./generator ./internal/merge -run "^$$" -bench . -benchmem
	cd golden/clerk+okx-x402 && go test ./internal/payment/okx -run "^$$" -bench . -benchmem
	FORGE_SOAK=1 go test ./internal/authtest/e2e -run TestBenchmarks -v

.PHONY: soak
soak: tools ## The slow tests, which CI leaves out
	go test -timeout 60m -count=5 ./generator -run 'Apply|Recover|Kill|Fault|Pending'
	go test ./internal/merge -run '^$$' -fuzz '^FuzzAdopt$$' -fuzztime 60s
	FORGE_SOAK=1 go test -timeout 60m ./internal/merge
	go test -timeout 60m ./golden -run Property -rapid.checks=1000
	FORGE_SOAK=1 go test -timeout 60m ./golden -run TestWall_mutants -v
	FORGE_SOAK=1 go test -timeout 60m ./internal/x402test/e2e -run 'Race|Crash' -v
	cd golden/clerk+okx-x402 && for target in ParseProof Decimal Refusal Settlement Supported; do \
		go test ./internal/payment/okx -run '^$$' -fuzz "^Fuzz$$target\$$" -fuzztime 60s || exit 1; done
	FORGE_SOAK=1 go test -timeout 120m ./internal/authtest/mutation -v
	cd golden/clerk && go test ./internal/auth -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime 60s
	cd golden/better-auth && go test ./internal/auth -run '^$$' -fuzz '^FuzzSessionToken$$' -fuzztime 60s
	for provider in clerk workos; do \
		(cd golden/$$provider && go test ./internal/webhook -run '^$$' -fuzz '^FuzzVerify$$' -fuzztime 60s) || exit 1; done
	cd golden/auth0 && for target in ParseKey ParseAttempt ReturnPath; do \
		go test ./internal/signin -run '^$$' -fuzz "^Fuzz$$target\$$" -fuzztime 60s || exit 1; done

.PHONY: tools
tools: $(GOLANGCI_LINT) postgres postgrest token buyers better-auth openid

$(GOLANGCI_LINT):
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(BIN)/golangci-lint $@

# The Better Auth server reads its sessions from a real Postgres.
.PHONY: postgres
postgres:
	@sh internal/pgtest/install.sh

# The tests' InsForge serves its data API with a real PostgREST.
.PHONY: postgrest
postgrest:
	@sh internal/insforgetest/install.sh $(BIN)/postgrest-12.0.2

# The tests' payments move a real token on a chain of their own.
.PHONY: token
token:
	@sh internal/x402test/install.sh $(BIN)/x402/Token.json

# Programs and people buy from the generated server: with npm's client of x402,
# and with a browser.
.PHONY: buyers
buyers: token
	@sh internal/x402test/client/install.sh $(BIN)/x402/client
	@sh internal/x402test/client/chromium.sh

# Sign-in is tested with the generated Better Auth server itself.
.PHONY: better-auth
better-auth: token
	@sh internal/bettertest/install.sh $(BIN)/better-auth

# Users sign in to the generated server at a real OpenID provider, in the browser that the
# buyers have.
.PHONY: openid
openid: token
	@sh internal/authtest/oidc/install.sh $(BIN)/oidc
