"""Operations: requests that outlast their answer, and what became of them.

A call that may take long is carried out as any other. Where it is not done after about a second,
the caller is told where to look (202) and it goes on: `running` says how. `carrying` keeps it from
being lost: who dies, or has to stop, leaves it to the next process.
"""
