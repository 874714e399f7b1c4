.DEFAULT_GOAL := help
.PHONY: help setup build train rlhf demo test cluster-test chaos chaos-rlhf simulate planted check bench bench-kernels bench-rlhf bench-cluster bench-spikes sanitize clean
.NOTPARALLEL:
.ONESHELL:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

# `dotnet build` prints a summary even where all is well.
DOTNET_BUILD := dotnet msbuild ActorTrain.sln -restore -property:Configuration=Release -verbosity:quiet -nologo $(if $(CUDA),-property:Cuda=$(CUDA))

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install missing Debian packages and build the native libraries
	@ops/setup.sh

build: ## build everything; CUDA=true uses libtorch for CUDA
	@$(DOTNET_BUILD)

train: setup build ## train a GPT on the King James Bible, plot it and sample from it; run again to resume
	@mkdir -p artifacts/text
	if [[ ! -s artifacts/text/kjv.txt ]]; then
	    ops/kjv-text.sh > artifacts/text/kjv.txt.part
	    mv artifacts/text/kjv.txt.part artifacts/text/kjv.txt
	fi
	if [[ ! -d artifacts/data/kjv ]]; then
	    ./actortrain prepare --input artifacts/text/kjv.txt --output artifacts/data/kjv --vocabulary-size 2048
	fi
	./actortrain pretrain ops/runs/kjv.yaml
	./actortrain plot kjv
	./actortrain generate kjv --prompt 'And God said' --tokens 200 --temperature 0.8 --seed 1

rlhf: setup build ## train a policy from nothing to reinforcement learning against a reward model, plot it and print answers before and after
	@ops/rlhf.sh

demo: setup build ## run with injected bad data, kills and bit flips; print the journal and plot the loss to ops/demo/demo.svg
	@mkdir -p artifacts/text
	if [[ ! -s artifacts/text/kjv.txt ]]; then
	    ops/kjv-text.sh > artifacts/text/kjv.txt.part
	    mv artifacts/text/kjv.txt.part artifacts/text/kjv.txt
	fi
	if [[ ! -d artifacts/data/kjv ]]; then
	    ./actortrain prepare --input artifacts/text/kjv.txt --output artifacts/data/kjv --vocabulary-size 2048
	fi
	held=0
	./actortrain chaos ops/demo/run.yaml --schedule ops/demo/faults.yaml --picture ops/demo/demo.svg || held=$$?
	echo
	./actortrain journal runs/demo-chaos/demo-disturbed
	echo "Plotted to ops/demo/demo.svg."
	exit $$held

test: ## run all tests; the last line has the counts
	@ops/setup.sh python3-torch postgresql
	$(DOTNET_BUILD)
	ops/test.sh

cluster-test: ## run the long tests of many processes: killed, suspended, cut off; takes minutes
	@ops/setup.sh python3-torch postgresql nftables iproute2
	$(DOTNET_BUILD)
	ops/test.sh --cluster

chaos: ## inject random faults into N runs (SEED, or the clock) and compare their bits with an undisturbed run
	@ops/setup.sh python3-torch
	$(DOTNET_BUILD)
	dotnet exec artifacts/bin/ActorTrain.Chaos.Tests/release/ActorTrain.Chaos.Tests.dll chaos text $(or $(N),200) $(or $(SEED),$$(($$(date +%s) % 1000000 * 1000)))

chaos-rlhf: ## the same for runs on rollouts: samplers, reward, reference, critic and ledger fail, too
	@ops/setup.sh python3-torch
	$(DOTNET_BUILD)
	dotnet exec artifacts/bin/ActorTrain.Chaos.Tests/release/ActorTrain.Chaos.Tests.dll chaos policy $(or $(N),200) $(or $(SEED),$$(($$(date +%s) % 1000000 * 1000)))

simulate: ## simulate N schedules from a SEED, or from the clock: the logic of all actors under virtual time, invariants checked after every message
	@ops/setup.sh
	$(DOTNET_BUILD)
	dotnet exec artifacts/bin/ActorTrain.Actors.Tests/release/ActorTrain.Actors.Tests.dll simulate $(or $(N),10000) $(or $(SEED),$$(($$(date +%s) % 1000000 * 1000)))

planted: ## plant known faults into a copy of the sources, one at a time, and show that the simulation (within N seeds) or a test finds each
	@ops/setup.sh
	tests/actors/Simulation/planted/find.sh $(or $(N),10000)

check: ## run before every commit: formatting, analyzers, build, fast tests
	@ops/setup.sh python3-torch postgresql
	$(DOTNET_BUILD)
	dotnet format ActorTrain.sln --verify-no-changes --no-restore
	ops/test.sh --fast

bench: ## benchmark against TorchSharp and PyTorch; prints one line per figure: figure NAME VALUE; PARTS="gpt2 actors" selects parts
	@ops/setup.sh python3-torch libopenblas0-openmp libtcmalloc-minimal4 libmimalloc2.0
	$(DOTNET_BUILD)
	ops/bench/fetch-openblas.sh
	dotnet run --project ops/bench --configuration Release -- $(PARTS)

bench-kernels: ## measure every fused kernel against the limit of the processor or of memory; ARGS="bf16 2 0.5 attention" selects
	@ops/setup.sh
	GOMP_SPINCOUNT=1000 artifacts/build/kernels/kernel_bench $(ARGS)

bench-rlhf: ## measure rollouts and the roles of RLHF, against TorchSharp, the old generator, static batches and kernels of free order; PARTS selects
	@ops/setup.sh libtcmalloc-minimal4 libmimalloc2.0
	$(DOTNET_BUILD)
	cmake -S models/native -B artifacts/build/kernels -DCMAKE_BUILD_TYPE=Release > /dev/null
	cmake --build artifacts/build/kernels --parallel "$$(nproc)" --target actortrain_kernels_free > /dev/null
	dotnet run --project ops/bench --configuration Release -- $(or $(PARTS),rlhf_generation rlhf_batching rlhf_roles rlhf_invariance)

bench-cluster: ## measure trainers in processes of their own against one process, under kills and at rest, and the data plane
	@ops/setup.sh
	$(DOTNET_BUILD)
	dotnet run --project ops/bench --configuration Release -- cluster data_plane

bench-spikes: ## score the loss-spike rules on recorded runs: figure spikes.RULE.precision, .recall, .delay_steps
	@ops/setup.sh
	$(DOTNET_BUILD)
	dotnet run --project ops/bench --configuration Release -- spikes

sanitize: ## test the fused kernels under the sanitizers of addresses and undefined behaviour
	@ops/setup.sh
	cmake -S models/native -B artifacts/build/sanitize -DCMAKE_BUILD_TYPE=Release -DACTORTRAIN_SANITIZE=ON
	cmake --build artifacts/build/sanitize --parallel "$$(nproc)" --target kernels_test
	artifacts/build/sanitize/kernels_test | grep -v ^PASS

clean: ## remove build output and prepared text; keep runs
	@rm -rf artifacts
