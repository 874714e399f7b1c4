using ActorTrain.Actors.Recovery;
using ActorTrain.Actors.Run;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Checkpoints;

/// <summary>What the ring of snapshots keeps, whatever happens to it.</summary>
public sealed class SnapshotSlotsTests
{
    private const long Horizon = 100;

    [Fact]
    public void Neither_the_newest_nor_a_pinned_one_nor_the_last_that_is_trusted_is_given_up()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var slots = new SnapshotSlots(2 + random.Next(7), []);
            var pins = new Dictionary<int, int>();
            long step = 0, trusted = 0;
            for (var i = 0; i < 200; i++)
            {
                step += random.Next(1, 12);
                if (random.Next(3) == 0)
                    trusted = Math.Min(step, trusted + random.Next(40));
                var before = slots.Held.ToList();
                switch (random.Next(12))
                {
                    case 0 when before.Count > 0:
                        var pinned = before[random.Next(before.Count)].Slot;
                        slots.Pin(pinned);
                        pins[pinned] = pins.GetValueOrDefault(pinned) + 1;
                        break;
                    case 1 or 2 when pins.Count > 0:
                        var released = pins.Keys.ElementAt(random.Next(pins.Count));
                        slots.Unpin(released);
                        if (--pins[released] == 0)
                            pins.Remove(released);
                        break;
                    case 3:
                        step = Math.Max(0, step - random.Next(30));
                        slots.DropAfter(step);
                        slots.Held.ShouldAllBe(held => held.Step <= step);
                        trusted = Math.Min(trusted, step);
                        break;
                    default:
                        var isNeeded = random.Next(2) == 0;
                        if (slots.Take(trusted, Horizon, isNeeded) is not { } taken)
                        {
                            // Nothing was free: all but the newest and the trusted one are in somebody's hands.
                            before.Skip(1).Where(held => held != Trusted(before) || isNeeded)
                                .ShouldAllBe(held => pins.ContainsKey(held.Slot), $"seed {seed}");
                            break;
                        }

                        pins.ContainsKey(taken).ShouldBeFalse($"seed {seed}: pinned");
                        if (before.FirstOrDefault(held => held.Slot == taken) is { } lost)
                        {
                            lost.ShouldNotBe(before[0], $"seed {seed}: the newest");
                            if (lost == Trusted(before))
                            {
                                isNeeded.ShouldBeTrue($"seed {seed}: the trusted one");
                                before.Skip(1).Where(held => held != lost).ShouldAllBe(held => pins.ContainsKey(held.Slot));
                            }
                        }

                        slots.Unpin(taken);
                        slots.Fill(new HeldSnapshot(taken, step, (ulong)step, RunOverrides.None));
                        slots.Newest!.Step.ShouldBe(step);
                        break;
                }
            }

            HeldSnapshot? Trusted(List<HeldSnapshot> held) => held.Find(snapshot => snapshot.Step <= trusted);
        }
    }

    [Theory]
    [InlineData(6, 80)]
    [InlineData(8, 40)]
    [InlineData(10, 20)]
    public void Going_back_any_number_of_steps_up_to_the_horizon_costs_few_beside_them(int count, int most)
    {
        const int Every = 10;
        var slots = new SnapshotSlots(count, []);
        for (long step = Every; step < 3000; step += Every)
        {
            slots.Fill(new HeldSnapshot(Taken(step), step, 0, RunOverrides.None));
            for (var length = 0L; length <= Math.Min(Horizon, step - Every); length++)
            {
                var lost = step - length - slots.Held.First(held => held.Step <= step - length).Step;
                lost.ShouldBeLessThan(Math.Min(most, (2 * length) + Every),
                    $"{count} slots, back by {length} from {step}: {string.Join(' ', slots.Held.Select(held => step - held.Step))}");
            }
        }

        int Taken(long step)
        {
            var slot = slots.Take(step, Horizon, isNeeded: false)!.Value;
            slots.Unpin(slot);
            return slot;
        }
    }

    [Fact]
    public void What_an_earlier_life_left_is_held()
    {
        var slots = new SnapshotSlots(3, [new HeldSnapshot(1, 10, 1, RunOverrides.None), new HeldSnapshot(2, 20, 2, RunOverrides.None)]);
        slots.Newest!.Step.ShouldBe(20);
        slots.Take(isNeeded: false).ShouldBe(0);
        slots.Take(isNeeded: false).ShouldBe(1);
        slots.Take(isNeeded: true).ShouldBeNull();
    }
}
