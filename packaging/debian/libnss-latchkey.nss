# Behind everybody else who knows people: nobody new gets a name or a number that is known there.
passwd last latchkey
group  last latchkey
shadow last latchkey
