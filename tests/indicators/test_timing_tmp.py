import time, random, cProfile, pstats
from tests.indicators.told import *
async def test_t(indicators):
    for i in range(8):
        await indicators.hear(enrolled(f"x{i}", training=f"t{i%3}"))
    p=cProfile.Profile(); p.enable(); t=time.perf_counter(); c=time.process_time()
    for i in range(8,18):
        await indicators.hear(enrolled(f"x{i}", training=f"t{i%3}"))
    p.disable(); print("wall", time.perf_counter()-t, "cpu", time.process_time()-c)
    pstats.Stats(p).sort_stats("cumtime").print_stats(45)
