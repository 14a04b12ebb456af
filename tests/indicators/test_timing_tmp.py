import time, random
from datetime import date, timedelta
from tests.indicators.told import *
async def test_t(indicators):
    rnd=random.Random(1)
    for n in range(8):
        facts=[enrolled(f"b{n}-{i}", training=f"t{rnd.randint(0,400)}", entered_on=date(2016,3,1)+timedelta(days=rnd.randint(0,200)), women=rnd.choice(["yes","no"]), qpv=rnd.choice(["yes","no","unknown"]), neet=rnd.choice(["yes","no"]), jobseeker=rnd.choice(["yes","no"]),low_qualified=rnd.choice(["yes","no"])) for i in range(500)]
        for label, fs in (("enter",facts),("complete",[f.model_copy(update=dict(version=2,status="completed",ended_on=date(2016,7,1)+timedelta(days=rnd.randint(0,200)))) for f in facts]),("settle",[settled(f"b{n}-{i}") for i in range(500)])):
            env=indicators.envelopes(*fs)
            env.sort(key=lambda e:(e.partition,e.sequence))
            t=time.perf_counter(); await indicators.intake.hear(env); print(label, round((time.perf_counter()-t)*1000), end=" ")
    print(await indicators.rows("select count(*) from indicators.cube"), await indicators.rows("select * from indicators.parked_event"))
