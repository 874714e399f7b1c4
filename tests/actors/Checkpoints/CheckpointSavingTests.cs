using ActorTrain.Actors.Checkpoints;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Tests.Checkpoints;

public sealed class CheckpointSavingTests : IDisposable
{
    private readonly Disk disk = new();

    public void Dispose() => disk.Dispose();

    [Fact]
    public void A_checkpoint_is_checked_synced_and_named_in_this_order_before_it_is_announced()
    {
        new CheckpointSaving(disk).Save(Save(1, 10)).ShouldBeOfType<CheckpointSaved>().Kept.ShouldBe([10]);
        disk.Log.ShouldBe(["write 10", "check", "sync", "name", "free"]);
    }

    [Theory]
    [InlineData("write 10")]
    [InlineData("sync")]
    [InlineData("name")]
    public void What_the_disk_refuses_at_any_moment_is_not_announced_and_freed(string refused)
    {
        disk.Refused = refused;
        new CheckpointSaving(disk).Save(Save(1, 10)).ShouldBeOfType<CheckpointFailed>().Reason.ShouldBe("The disk is full.");
        disk.Steps().ShouldBeEmpty();
        disk.Log.Count(static line => line == "free").ShouldBe(refused == "write 10" ? 0 : 1);
    }

    [Fact]
    public void A_damaged_snapshot_is_neither_synced_nor_named()
    {
        disk.Damage = "A bit flipped.";
        new CheckpointSaving(disk).Save(Save(1, 10)).ShouldBeOfType<CheckpointFailed>().IsSnapshotDamaged.ShouldBeTrue();
        disk.Log.ShouldBe(["write 10", "check", "free"]);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        var saving = new CheckpointSaving(disk);
        saving.Save(Save(1, 10));
        Should.Throw<InvariantException>(() => saving.Save(Save(1, 11))).Message.ShouldContain("Save 1 is of step 10, and of step 11");
        disk.Loses = true;
        Should.Throw<InvariantException>(() => saving.Save(Save(2, 20))).Message.ShouldContain("step 20 was saved, and is not there");
    }

    private static SaveCheckpoint Save(long number, long step) => new(number, 0, step, 1, RunOverrides.None, CheckpointHistory.Empty);

    private sealed class Disk : ICheckpointDisk, ICheckpointWriting
    {
        private readonly List<long> steps = [];
        private long writing;

        public List<string> Log { get; } = [];

        public string? Refused { get; set; }

        public string? Damage { get; set; }

        public bool Loses { get; set; }

        public string WeightsHash => "hash";

        public IReadOnlyList<long> Steps() => [.. steps];

        public string? Find(SaveCheckpoint save) => null;

        public ICheckpointWriting? Write(SaveCheckpoint save)
        {
            Do($"write {writing = save.Step}");
            return this;
        }

        public void MarkGood(MarkGood good) => Do("mark");

        string? ICheckpointWriting.Damage()
        {
            Do("check");
            return Damage;
        }

        public void Sync() => Do("sync");

        public void Name(CheckpointHistory history)
        {
            Do("name");
            if (!Loses)
                steps.Add(writing);
        }

        public void Dispose() => Do("free");

        private void Do(string what)
        {
            if (what == Refused)
                throw new UserErrorException("The disk is full.");
            Log.Add(what);
        }
    }
}
