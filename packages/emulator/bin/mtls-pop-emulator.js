#!/usr/bin/env node
// outside dist, so that an install can link the command before the first build
import "../dist/cli.js";
