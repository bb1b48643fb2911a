# Everything that is done with a checkout, one word each. The work is in installers/dev.

.DEFAULT_GOAL := help
.PHONY: help setup run test test-gpu test-portal test-installers fuzz check format bench screenshots lock translations readme \
	guide guide-eval engine bundle package cuda-pack release-check clean

# python3 where that is 3.11 to 3.14, else the newest of these that is installed.
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
		2>/dev/null && echo "$$python" && break; done)
# Words after the program's name: make run ARGS="--data-dir /tmp/try"
ARGS ?=

help:
	@echo "make run           set up what is missing, then start Lapis (ARGS=\"...\" goes to it)"
	@echo "make test          set up what is missing, then run every test"
	@echo "make test-gpu      the path over a graphics card, on one made of software (Linux; builds once)"
	@echo "make test-portal   the key on Wayland: a real KWin and desktop portal, nested (Linux; 3 minutes)"
	@echo "make fuzz          5,000 damaged model files against the check and llama.cpp (Linux)"
	@echo "make setup         set up only: system packages, .venv, llama.cpp (about 5 minutes once)"
	@echo "make check         format, lint, strict types, layers"
	@echo "make format        format all files, mend what the linter can mend"
	@echo "make bench         start-up, command line, answers and the engine, timed"
	@echo "make screenshots   pictures of every screen, in build/screenshots; renews those of README (Linux)"
	@echo "make translations  extract and compile the words of the program"
	@echo "make readme        put what the pages of help say into README.md and README.zh_CN.md"
	@echo "make lock          renew requirements.lock"
	@echo "make guide         train the built-in guide model anew (about an hour)"
	@echo "make guide-eval    examine the built-in guide model"
	@echo "make bundle        the program that runs without Python, in build/bundle (builds its engine once)"
	@echo "make package       .deb, .rpm and .tar.xz, in dist (Linux)"
	@echo "make cuda-pack ARGS=ADDRESS  the optional pack for NVIDIA cards, in dist (needs nvcc)"
	@echo "make test-installers  packages installed, upgraded and removed in empty systems (Linux, root)"
	@echo "make release-check versions, changes and packages agree"
	@echo "make clean         remove .venv and everything else that was made here"

setup run test test-gpu test-portal test-installers fuzz check format bench screenshots lock translations readme guide guide-eval \
engine bundle package cuda-pack release-check clean:
	@test -n "$(PYTHON)" || { echo "Lapis needs Python 3.11 to 3.14, and none was found." \
		"On Debian and Ubuntu: apt-get install python3 python3-venv"; exit 1; }
	@"$(PYTHON)" -B -m installers.dev $@ $(ARGS)
