# Two commands do everything on a fresh machine.

.PHONY: serve test bench

serve: ## set up what is missing, start the local AWS, serve the app
	@scripts/serve.sh

test: ## set up what is missing, run every check
	@scripts/test.sh

bench: ## measure against Amplify, React and Streamdown
	@scripts/bench.sh
