"""Runs a script's measurement and prints its sample, or what is missing, as the last line."""

import json
import sys

from pools import Missing


def main(measure):
    contender, scale = sys.argv[1], sys.argv[2]
    try:
        sample = measure(contender, scale)
    except Missing as missing:
        print(json.dumps({"missing": str(missing)}))
        return
    print(json.dumps({"sample": {key: value for key, value in sample.items() if value is not None}}))
