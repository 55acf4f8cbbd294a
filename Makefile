# aggtest: make help says what there is.

GO      ?= go
AGGTEST := bin/aggtest
# Tests and scenarios find the control plane's programs where this command put them.
ASSETS   = $(shell $(AGGTEST) binaries path)
# What the tests and the catalogue run.
PROGRAMS = etcd kube-apiserver kubectl kube-controller-manager metrics-server

.PHONY: help
help: ## Show this help.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the command, bin/aggtest.
	$(GO) build -o $(AGGTEST) ./cmd/aggtest

.PHONY: run
run: build ## Get the control plane's programs if need be, and run every scenario of the catalogue.
	$(AGGTEST) run

.PHONY: binaries
binaries: build ## Get every program that the tests and the catalogue run.
	$(AGGTEST) binaries install $(PROGRAMS)

.PHONY: test
test: binaries ## Run the tests, those against a real control plane too, with the race detector.
	KUBEBUILDER_ASSETS=$(ASSETS) $(GO) test -race -timeout 30m ./...

.PHONY: lint
lint: ## Check formatting, vet, staticcheck, and that generated files and go.mod are up to date.
	.ci/lint

.PHONY: bench
bench: binaries ## Run the benchmarks.
	KUBEBUILDER_ASSETS=$(ASSETS) $(GO) test -run '^$$' -bench . ./...

.PHONY: generate
generate: ## Remake generated files.
	$(GO) generate ./...
