#!/usr/bin/env python3
"""Mean cross-entropy, in nats per token, of an exported model on the first sequences of a token file of 16-bit ids.

    /usr/bin/python3 export_loss.py DIRECTORY TOKENS.bin CONTEXT SEQUENCES

Every token is predicted once, the first of them after an end of text. The model is read by independent_reader.py, which lies beside this file in the folder of the built tests.
"""

import array
import json
import pathlib
import sys

import torch

import independent_reader

directory, tokens_file, context, sequences = sys.argv[1:]
context, sequences = int(context), int(sequences)
end_of_text = json.loads(pathlib.Path(directory, "config.json").read_text())["eos_token_id"]
tokens = [end_of_text, *array.array("H", pathlib.Path(tokens_file).read_bytes()[: 2 * context * sequences])]
model = independent_reader.load(pathlib.Path(directory))
losses = []
for begin in range(0, context * sequences, context):
    window = torch.tensor(tokens[begin : begin + context + 1])
    losses.append(torch.nn.functional.cross_entropy(model(window[:-1]), window[1:]))
print(torch.stack(losses).mean().item())
