using System.Collections.Concurrent;
using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Tests;

public sealed class CheckpointWriterTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly TestDirectory directory = new();
    private readonly ConcurrentQueue<SaveOutcome> outcomes = new();
    private readonly GatedTime gate = new();
    private readonly CheckpointStore store;
    private readonly CheckpointWriter writer;

    public CheckpointWriterTests()
    {
        store = new CheckpointStore(directory.Path, new CheckpointStoreOptions { KeepLast = 100 }, gate);
        writer = new CheckpointWriter(store, Samples.Layout, outcomes.Enqueue, TimeProvider.System);
    }

    public void Dispose()
    {
        gate.Open();
        writer.Dispose();
        gate.Dispose();
        directory.Dispose();
    }

    [Fact]
    public void What_is_submitted_is_on_disk_when_drained()
    {
        gate.Open();
        Submit(10);
        writer.Drain();
        outcomes.ShouldHaveSingleItem().ShouldBeOfType<Saved>().Step.ShouldBe(10);
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(10);
    }

    [Fact]
    public void A_busy_disk_makes_checkpoints_rarer_but_the_newest_is_always_written()
    {
        Submit(1);
        gate.AwaitSave();
        var second = Submit(2);
        var third = Submit(3);

        third.ShouldBeSameAs(second, "No third set of buffers is made.");
        outcomes.ShouldHaveSingleItem().ShouldBe(new Superseded(2));
        gate.Open();
        writer.Drain();
        outcomes.OfType<Saved>().Select(saved => saved.Step).ShouldBe([1, 3]);
        store.List().Select(info => info.Step).ShouldBe([3, 1]);
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(3);
    }

    [Fact]
    public void Two_sets_of_buffers_serve_any_number_of_saves()
    {
        gate.Open();
        var seen = new HashSet<CheckpointSnapshot>(ReferenceEqualityComparer.Instance);
        for (var step = 1; step <= 30; step++)
            seen.Add(Submit(step));
        writer.Drain();
        seen.Count.ShouldBeLessThanOrEqualTo(2);
        outcomes.Select(outcome => outcome.Step).Order().ShouldBe(Enumerable.Range(1, 30).Select(step => (long)step));
        outcomes.OfType<Saved>().ShouldContain(saved => saved.Step == 30);
    }

    [Fact]
    public void A_failed_save_is_announced_and_the_next_one_goes_on()
    {
        gate.Open();
        File.WriteAllText(directory.At(".writing-step-00000001"), "in the way");
        Submit(1);
        writer.Drain();
        outcomes.ShouldHaveSingleItem().ShouldBeOfType<SaveFailed>().Error.Message.ShouldStartWith($"Cannot save the checkpoint of step 1 in {directory.Path}: ");
        Submit(2);
        writer.Drain();
        store.LoadLatest(Samples.Layout, Samples.NoFaults).ShouldBeOf(2);
    }

    [Fact]
    public void Disposing_finishes_what_was_submitted()
    {
        Submit(1);
        gate.AwaitSave();
        Submit(2);
        gate.Open();
        writer.Dispose();
        store.List().Select(info => info.Step).ShouldBe([2, 1]);
        Should.Throw<ObjectDisposedException>(() => writer.Rent());
    }

    [Fact]
    public void Draining_can_be_given_up()
    {
        Submit(1);
        gate.AwaitSave();
        Should.Throw<OperationCanceledException>(() => writer.Drain(new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_snapshot_is_rented_one_at_a_time_and_handed_over_once()
    {
        gate.Open();
        var snapshot = writer.Rent();
        Should.Throw<InvalidOperationException>(() => writer.Rent());
        writer.Submit(Samples.Facts(1), snapshot);
        Should.Throw<InvalidOperationException>(() => writer.Submit(Samples.Facts(2), snapshot));
        writer.Drain();
        outcomes.ShouldHaveSingleItem().Step.ShouldBe(1);
    }

    [Fact]
    public void What_must_be_durable_first_is_made_so_in_the_background_and_a_failure_of_it_fails_the_save()
    {
        gate.Open();
        var threads = new List<int>();
        var failure = new UserErrorException("The metrics cannot be written.");
        using (var careful = new CheckpointWriter(store, Samples.Layout, outcomes.Enqueue, TimeProvider.System, () =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            store.List().Count.ShouldBe(threads.Count - 1);
            if (threads.Count == 2)
                throw failure;
        }))
        {
            Submit(1, careful);
            careful.Drain();
            Submit(2, careful);
        }

        threads.Count.ShouldBe(2);
        threads.ShouldNotContain(Environment.CurrentManagedThreadId);
        outcomes.Select(outcome => outcome.GetType()).ShouldBe([typeof(Saved), typeof(SaveFailed)]);
        outcomes.OfType<SaveFailed>().Single().ShouldBe(new SaveFailed(2, failure));
        store.List().Select(info => info.Step).ShouldBe([1]);
    }

    private CheckpointSnapshot Submit(long step) => Submit(step, writer);

    private static CheckpointSnapshot Submit(long step, CheckpointWriter writer)
    {
        var snapshot = writer.Rent();
        Samples.Fill(snapshot.Weights, Samples.Layout, step, 0);
        Samples.Fill(snapshot.FirstMoment, Samples.Layout, step, 1);
        Samples.Fill(snapshot.SecondMoment, Samples.Layout, step, 2);
        writer.Submit(Samples.Facts(step), snapshot);
        return snapshot;
    }

    /// <summary>The store asks the time once in each save; here it has to wait for the answer.</summary>
    private sealed class GatedTime : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim open = new();
        private readonly SemaphoreSlim asked = new(0);

        public void Open() => open.Set();

        public void AwaitSave() => asked.Wait(Patience).ShouldBeTrue("No save began.");

        public override DateTimeOffset GetUtcNow()
        {
            asked.Release();
            open.Wait(Patience).ShouldBeTrue("The gate was never opened.");
            return DateTimeOffset.UnixEpoch;
        }

        public void Dispose()
        {
            open.Dispose();
            asked.Dispose();
        }
    }
}
