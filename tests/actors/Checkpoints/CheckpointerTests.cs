using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Run;
using ActorTrain.Actors.Snapshots;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;
using Akka.Actor;
using Akka.TestKit.Xunit2;

namespace ActorTrain.Actors.Tests.Checkpoints;

public sealed class CheckpointerTests : TestKit
{
    private static readonly FlatLayout Layout = FlatLayout.Of([("tokens.weight", [5, 3]), ("norm.weight", [3])]);
    private static readonly Course Course = (Run.Course.Start with { Vetoes = [3], Spikes = new SpikeMemory { Rules = SpikeMemory.Empty.Rules.Add("rule", [0.1, double.NaN, -0.0]) } })
        .With(new Correction(1, 4, [new SkippedRange(8, 8, "spike")], 0.5, "someone", "It was wanted."));

    private static readonly CheckpointerOptions Options = new()
    {
        Layout = Layout,
        ConfigurationHash = "c0ffee",
        Model = ModelOptions.FromDepth(1),
        Batch = 8,
        Fingerprint = new NumericFingerprint("1", "2", "3", "4", "5", 1, "cpu"),
        State = new Dictionary<string, string> { ["data"] = "d" },
    };

    private readonly TestFolder folder = new();
    private readonly SnapshotMemory memory = new(Layout.Length, slots: 2);
    private readonly CheckpointStore store;

    public CheckpointerTests()
        : base(ActorSettings.Dispatchers()) => store = new CheckpointStore(folder.Path, new CheckpointStoreOptions(), TimeProvider.System);

    [Fact]
    public void A_snapshot_becomes_a_checkpoint_with_all_that_a_run_needs_to_go_on()
    {
        Fill(0, 10, 1);
        var saved = Saving().Save(new SaveCheckpoint(0, 10, Course)).ShouldBeOfType<CheckpointSaved>();
        var facts = store.List().ShouldHaveSingleItem().Manifest.ShouldNotBeNull();
        saved.ShouldBe(new CheckpointSaved(10, facts.WeightsHash));
        (facts.Facts.Step, facts.Facts.ConfigurationHash, facts.Facts.Cursor).ShouldBe((10, "c0ffee", new PlanCursor(80, 80, 80 * 256)));
        facts.Facts.SkipList.ShouldBe(Course.Skips);
        RunOrigin.Of(facts).Course.ShouldBe(Course);
        facts.Facts.State["data"].ShouldBe("d");
    }

    [Fact]
    public void Asked_again_it_writes_nothing_and_answers_the_same_also_in_another_life()
    {
        Fill(0, 10, 1);
        var first = Saving();
        var saved = first.Save(new SaveCheckpoint(0, 10, Course)).ShouldBeOfType<CheckpointSaved>();
        var written = File.GetLastWriteTimeUtc(Path.Combine(store.PathOf(10), "weights.safetensors"));

        // By now the slot holds another state.
        Fill(0, 20, 2);
        first.Save(new SaveCheckpoint(0, 10, Course)).ShouldBe(saved);
        Saving().Save(new SaveCheckpoint(0, 10, Course)).ShouldBe(saved);
        File.GetLastWriteTimeUtc(Path.Combine(store.PathOf(10), "weights.safetensors")).ShouldBe(written);
    }

    [Fact]
    public void A_slot_that_holds_another_state_by_now_is_left_alone()
    {
        Fill(0, 20, 2);
        Saving().Save(new SaveCheckpoint(0, 10, Course)).ShouldBeNull();
        Saving().Save(new SaveCheckpoint(1, 10, Course)).ShouldBeNull();
        store.List().ShouldBeEmpty();
    }

    [Fact]
    public void A_checkpoint_that_was_altered_is_written_again()
    {
        Fill(0, 10, 1);
        var saved = Saving().Save(new SaveCheckpoint(0, 10, Course));
        var weights = Path.Combine(store.PathOf(10), "weights.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Saving().Save(new SaveCheckpoint(0, 10, Course)).ShouldBe(saved);
        CheckpointArchive.Verify(store.List()[0]).ShouldBeNull();
    }

    [Fact]
    public void A_disk_that_refuses_is_told_and_the_next_one_may_succeed()
    {
        Fill(0, 10, 1);
        var saving = Saving();
        Directory.Move(folder.Path, folder.Path + ".away");
        File.WriteAllText(folder.Path, "in the way");
        saving.Save(new SaveCheckpoint(0, 10, Course)).ShouldBeOfType<CheckpointFailed>().Reason.ShouldContain(folder.Path);
        File.Delete(folder.Path);
        Directory.Move(folder.Path + ".away", folder.Path);
        saving.Save(new SaveCheckpoint(0, 10, Course)).ShouldBeOfType<CheckpointSaved>();
    }

    [Fact]
    public void No_checkpoint_is_made_of_a_snapshot_in_which_a_bit_flipped()
    {
        var random = new Random(1);
        for (var flip = 0; flip < 30; flip++)
        {
            Fill(0, 10, 1);
            using (var snapshot = memory.Read(0)!)
            {
                var buffer = (flip % 3) switch { 0 => snapshot.Weights, 1 => snapshot.FirstMoment, _ => snapshot.SecondMoment };
                BitFlip.At(buffer.Address, random.NextInt64(8 * buffer.Length));
            }

            Saving().Save(new SaveCheckpoint(0, 10, Course)).ShouldBeOfType<CheckpointFailed>().Reason.ShouldStartWith("The snapshot of step 10 was damaged in memory");
            Directory.GetFileSystemEntries(folder.Path).ShouldBeEmpty();
        }

        Fill(0, 10, 1);
        Saving().Save(new SaveCheckpoint(0, 10, Course)).ShouldBeOfType<CheckpointSaved>();
    }

    [Fact]
    public void The_actor_says_that_it_lives_and_writes_on_a_thread_of_its_own()
    {
        Fill(0, 10, 1);
        var checkpointer = Sys.ActorOf(Checkpointer.PinnedProps(Saving, TestActor));
        ExpectMsg<CheckpointerStarted>();
        checkpointer.Tell(new SaveCheckpoint(0, 10, Course));
        checkpointer.Tell(new SaveCheckpoint(0, 10, Course));
        var saved = ExpectMsg<CheckpointSaved>();
        ExpectMsg(saved);
        store.List().Count.ShouldBe(1);
    }

    protected override void AfterAll()
    {
        base.AfterAll();
        memory.Dispose();
        folder.Dispose();
    }

    private CheckpointSaving Saving() => new(store, memory, Options);

    private void Fill(int slot, long step, byte value)
    {
        using var writer = memory.Write(slot, step);
        foreach (var buffer in new[] { writer.Weights, writer.FirstMoment, writer.SecondMoment })
            buffer.Slice(0, (int)buffer.Length).Fill(value);
        writer.Complete(StateHash.Of(writer.Weights, writer.FirstMoment, writer.SecondMoment)).ShouldBeTrue();
    }
}
