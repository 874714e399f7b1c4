using ActorTrain.Actors.Hosting;
using ActorTrain.Actors.Protocol;
using ActorTrain.Host.Hosting;
using ActorTrain.Persistence.Journal;
using ActorTrain.Persistence.Runs;
using Akka.Actor;
using Akka.Event;
using Microsoft.Extensions.Logging.Abstractions;

namespace ActorTrain.Host.Tests.Hosting;

public sealed class RunDecisionsTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);
    private static readonly RunEvent[] Decisions =
    [
        new RunStarted(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), "c0ffee", 10, 8, 1),
            new CheckpointCommitted(DateTimeOffset.UnixEpoch, 10, "abc"),
    ];

    private readonly TemporaryRuns runs = new();

    public void Dispose() => runs.Dispose();

    [Fact]
    public async Task Decisions_can_be_read_while_the_run_goes_on_and_afterwards()
    {
        var run = runs.Run();
        RunDecisions.Read(run, "").ShouldBeEmpty();
        File.Exists(run.JournalFile).ShouldBeFalse();
        using (var system = JournalSystem.Create(run, NullLoggerFactory.Instance))
        {
            await Record(system, run);
            RunDecisions.Read(run, "").ShouldBe(Decisions);
            await system.Terminate().WaitAsync(Long);
        }

        RunDecisions.Read(run, "").ShouldBe(Decisions);
        RunDecisions.Read(runs.Run("other"), "").ShouldBeEmpty();
    }

    [Fact]
    public void A_database_that_is_none_is_refused_in_one_sentence()
    {
        var run = runs.Run();
        File.WriteAllText(run.JournalFile, new string('x', 5000));
        Should.Throw<Models.UserErrorException>(() => RunDecisions.Read(run, ""))
            .Message.ShouldStartWith($"The journal of {run.Path} in {run.JournalFile} cannot be read: ");
    }

    [Fact]
    public async Task What_actors_log_stands_in_the_folder_of_the_run()
    {
        var run = runs.Run();
        using (var log = RunLog.Open(run))
        using (var system = JournalSystem.Create(run, log))
        {
            Logging.GetLogger(system, "a test").Warning("the answer is {0}", 42);

            // A logger that is stopped first writes nothing more.
            SpinWait.SpinUntil(IsWritten, TimeSpan.FromMinutes(1)).ShouldBeTrue();
            await system.Terminate().WaitAsync(Long);
        }

        bool IsWritten()
        {
            using var file = new StreamReader(new FileStream(run.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return file.ReadToEnd().Split('\n').Any(static line => line.Contains("Warning", StringComparison.Ordinal)
                && line.Contains("the answer is 42", StringComparison.Ordinal));
        }
    }

    private static async Task Record(ActorSystem system, RunDirectory run)
    {
        var durable = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        system.ActorOf(Props.Create(() => new Recorder(run.Name, durable)));
        await durable.Task.WaitAsync(Long);
    }

    private sealed class Recorder : ReceiveActor
    {
        public Recorder(string run, TaskCompletionSource durable)
        {
            var journal = Context.ActorOf(ActorProps.Journal(run, Self, TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1)));
            Receive<JournalRecovered>(_ =>
            {
                for (var i = 0; i < Decisions.Length; i++)
                    journal.Tell(new RecordDecision(i + 1, Decisions[i]) { Previous = i > 0 ? Decisions[i - 1] : null });
            });
            Receive<Recorded>(recorded =>
            {
                if (recorded.Number == Decisions.Length)
                    durable.SetResult();
            });
        }
    }
}
