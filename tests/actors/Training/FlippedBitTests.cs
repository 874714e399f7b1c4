using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Reduction;
using ActorTrain.Chaos;
using ActorTrain.Models;
using ActorTrain.Models.Lanes;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Runtime;
using ActorTrain.Models.Storage;

namespace ActorTrain.Actors.Tests.Training;

/// <summary>A bit is flipped once in a run of a few steps, somewhere at some moment: it is found before anything wrong is kept, and with
/// what is still right the run ends with the bits of one that was never hit.</summary>
public sealed class FlippedBitTests
{
    private const int Steps = 3;
    private static readonly LaneBlock[] Blocks = [new(0, 4), new(4, 2), new(6, 1), new(7, 1)];
    private static readonly Lazy<ulong> Bare = new(static () => TinyTraining.BareLoop(Steps));

    [Theory]
    [InlineData(FlatPlace.Weights, 48)]
    [InlineData(FlatPlace.PackedWeights, 48)]
    [InlineData(FlatPlace.FirstMoment, 48)]
    [InlineData(FlatPlace.SecondMoment, 48)]
    [InlineData(FlatPlace.LaneGradient, 48)]
    [InlineData(FlatPlace.PublishedGradient, 48)]
    [InlineData(FlatPlace.TotalGradient, 24)]
    [InlineData(FlatPlace.Snapshot, 24)]
    public void A_flipped_bit_is_found_wherever_and_whenever_it_flips_and_leaves_no_trace(FlatPlace place, int flips)
    {
        using var calm = new DeviceRun(null).Run();
        var chances = calm.Chances[place];
        for (var flip = 0; flip < flips; flip++)
        {
            var random = new Random(flip);
            var chosen = new Flip(place, random.Next(chances),
                (flip % 4) switch { 0 => 0, 1 => 31, 2 => 23 + random.Next(8), _ => random.Next(23) }, random);
            using var run = new DeviceRun(chosen).Run();
            chosen.IsDone.ShouldBeTrue();
            run.Findings.ShouldHaveSingleItem($"{place} {flip}").ShouldBe(place);
            run.Hash.ShouldBe(Bare.Value, $"{place} {flip}");
        }
    }

    [Fact]
    public void A_run_without_a_flipped_bit_finds_none()
    {
        using var run = new DeviceRun(null).Run();
        run.Findings.ShouldBeEmpty();
        run.Hash.ShouldBe(Bare.Value);
    }

    private sealed class Flip(FlatPlace place, int chance, int bit, Random random)
    {
        private int seen;

        public bool IsDone { get; private set; }

        public void At(FlipTarget target)
        {
            if (target.Place != place || seen++ != chance)
                return;
            IsDone = true;
            target.Flip(32 * random.NextInt64(target.Bits / 32) + bit);
        }
    }

    // What a run does with one trainer, without its actors: it keeps a copy of the state of each step, and goes back to the last one that
    // is whole.
    private sealed class DeviceRun(Flip? flip) : IFaultInjector, IDisposable
    {
        private readonly TinyTraining training = new(reducers: 2, trainers: 2);
        private readonly Stack<(int Slot, long Step, ulong Hash)> copies = [];
        private FaultyDevice device = null!;
        private long rounds;
        private long step;

        public Dictionary<FlatPlace, int> Chances { get; } = [];

        public List<FlatPlace> Findings { get; } = [];

        public ulong Hash { get; private set; }

        public DeviceRun Run()
        {
            var thread = new Thread(() =>
            {
                ComputeThreads.Set(1);
                Begin();
                while (step < Steps)
                    Attempt();
                Hash = device.Replica.HashState();
            });
            thread.Start();
            thread.WaitToEnd();
            return this;
        }

        public void Touch(string actor, long atStep, FlipTarget memory)
        {
            Chances[memory.Place] = Chances.GetValueOrDefault(memory.Place) + 1;
            flip?.At(memory);
        }

        public void Dispose()
        {
            device.Dispose();
            training.Transport.Memory.Rented.ShouldBe(0);
            training.Dispose();
        }

        private void Attempt()
        {
            var round = new Round(++rounds, step);
            training.Transport.Open(round);
            try
            {
                if (Compute(round) is not { } norm)
                    return;
                var previewed = device.Preview(round, norm, TinyTraining.Replica.Schedule.At(step)).ShouldNotBeNull();
                var applied = device.Apply(round, norm, UpdateAdjustment.None).ShouldNotBeNull();
                (applied.Checksum, applied.Norm).ShouldBe((device.Replica.StateChecksum, previewed));

                // Two slots in turns; what is copied is tried at once, as whoever joins from it would.
                var slot = (int)(step % 2);
                if (device.Copy(new CopyState(slot, step + 1, 1)) is not { } copied)
                    throw new InvariantException("The slot was taken.");
                step++;
                using (var snapshot = training.Snapshots.Read(slot)!)
                {
                    if (snapshot.Damage() is null)
                        copies.Push((slot, step, copied.Hash!.Value));
                    else
                        Findings.Add(FlatPlace.Snapshot);
                }
            }
            catch (CorruptionException found)
            {
                Findings.Add(found.Place!.Value);
                device.Dispose();
                Begin();
            }
            finally
            {
                training.Transport.Close(round);
            }
        }

        private double? Compute(Round round)
        {
            var reports = new List<ReducerReport>();
            using var first = new ShardReduction(training.Transport, 0, TinyTraining.Lanes);
            using var second = new ShardReduction(training.Transport, 1, TinyTraining.Lanes);
            foreach (var block in Blocks)
            {
                device.Begin(block);
                for (var lane = block.First; lane < block.End; lane++)
                    device.ComputeLanes(step, new LaneBlock(lane, 1), SkipList.Empty, isRedundant: false);
                device.Publish(round).ShouldNotBeNull();
                if (first.Add(round, block) is { } one)
                    reports.Add(one);
                if (second.Add(round, block) is { } other)
                    reports.Add(other);
            }

            Findings.AddRange(reports.OfType<BlockDamaged>().Select(static _ => FlatPlace.PublishedGradient));
            return reports.OfType<BlockDamaged>().Any()
                ? null
                : GradientNorm.OfSquares(reports.Cast<ShardReduced>().OrderBy(static report => report.Reducer)
                    .SelectMany(static report => report.Squares));
        }

        private void Begin()
        {
            device = new FaultyDevice(training.Options, "trainer-0", this);
            (step, StateSource source) = copies.TryPeek(out var copy) ? (copy.Step, (StateSource)new SnapshotState(copy.Slot, copy.Hash))
                : (0, new FreshState());
            device.Load(source, step, null).ShouldBeNull();
        }
    }
}
