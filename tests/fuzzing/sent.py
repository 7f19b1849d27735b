"""Malformed answers: of the process that parses, and of the process that forks."""

from __future__ import annotations

import json
import os
import random
import socket
from pathlib import Path

import msgspec
from masked import masking

from dagprof.link import reading
from dagprof.link.messages import zygote as messages
from dagprof.link.messages.reply import Reply
from dagprof.link.processes.conversation import ConnectionLost, Conversation
from dagprof.link.processes.workers import WorkerConversation
from dagprof.measure.assemble import Assembler
from dagprof.passes.outcome import Passes
from dagprof.probe import answering
from dagprof.store import runs
from fuzzing import documents
from fuzzing.mutations import Json, mutated, written
from fuzzing.stored import malformed, render

MODES = ("timing", "trace", "stacks")


def answer_case(chance: random.Random, folder: Path) -> None:
    """What a parse reports in one mode, between two parses that report what they should.

    Whatever is believed becomes a Run that can be read and told.
    """
    passes = Passes("slow.py", "0" * 64, 900)
    mode = chance.choice(MODES)
    for each in (mode, *MODES):
        document = documents.a_result(each)
        forged = mutated(document, chance) if each is mode else document
        passes.add(each, _reply(forged, each, chance, is_forged=each is mode))
    assembler = Assembler()
    assembler.add(passes.measured())
    base = documents.a_run()
    run = msgspec.structs.replace(
        base,
        files=assembler.files(),
        modules=assembler.modules([""] * len(assembler.module_files)),
        import_sets=assembler.import_sets(),
    )
    again = runs.decode(msgspec.json.encode(run), "x")
    render(again, base, chance)


def _reply(result: Json, mode: str, chance: random.Random, *, is_forged: bool) -> Reply:
    """As the worker puts it together."""
    ending = documents.an_ending(mode)
    if is_forged and chance.random() < 0.3:
        ending = mutated(ending, chance)
    try:
        frames = [written(each).encode("utf-8", "surrogatepass") for each in (result, ending)]
        first, second = answering.decoded(frames)
        text = json.dumps(answering.joined(first, second, 0.0))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        text = written(result) if chance.random() < 0.5 else "null"
    reply = reading.reply(documents.a_reply(text).encode("utf-8", "surrogatepass"))
    assert isinstance(reply, Reply)
    return reply


def message_case(chance: random.Random, folder: Path) -> None:
    """What the zygote sends, read as one of two forms, or as a worker's message."""
    name = chance.choice(list(documents.ANSWERS))
    data = malformed(documents.ANSWERS[name], chance)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        try:
            theirs.sendall(data + b"\n")
        except BlockingIOError:  # more than the socket holds: what is read is cut
            theirs.shutdown(socket.SHUT_WR)
        conversation = Conversation(ours, masking())
        otherwise = messages.CannotBegin if name == "Ready" else messages.Failed
        try:
            if name == "NoFork":
                WorkerConversation(ours, masking(), os.getpid(), session=-1).reply(0.2)
            else:
                found = conversation.answer(0.2, getattr(messages, name), otherwise)
                if isinstance(found, messages.Ready):
                    msgspec.json.encode(reading.plugins(found))
        except ConnectionLost:
            return
