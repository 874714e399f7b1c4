using System.Diagnostics.CodeAnalysis;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;
using ActorTrain.Persistence.Goodput;
using ActorTrain.Persistence.Logs;
using ActorTrain.Persistence.Terms;
using Akka.Actor;

namespace ActorTrain.Actors.Goodput;

/// <summary>Keeps a run's time account, and writes a row every few seconds. Disk failures do not stop training: rows wait.</summary>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, and closes its file there.")]
public sealed class GoodputRecorder : TracedActor, IWithTimers
{
    private readonly GoodputOptions options;
    private readonly RunTerm term;
    private readonly IActorRef listener;
    private readonly Queue<GoodputRow> waiting = new();
    private GoodputClock? clock;
    private JsonLinesLog<GoodputRow>? log;
    private bool isRefused;

    /// <param name="term">Under which it writes.</param>
    /// <param name="listener">Receives a <see cref="Notice"/> on a disk error, and when rows are accepted again.</param>
    public GoodputRecorder(GoodputOptions options, RunTerm term, IActorRef listener)
    {
        this.options = options;
        this.term = term;
        this.listener = listener;
        Receive<GoodputTurn>(turn =>
        {
            var isFirst = clock is null;
            clock ??= Begin();
            clock.Turn(turn);

            // The start counts even if the process dies before the next row.
            if (isFirst)
                Write();
        });
        Receive<RowIsDue>(_ => Write());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        base.PreStart();
        Timers.StartPeriodicTimer(nameof(RowIsDue), RowIsDue.Instance, options.RowInterval);
    }

    protected override void PostStop()
    {
        Write();
        log?.Dispose();
        base.PostStop();
    }

    private GoodputClock Begin()
    {
        GoodputRow? last = null;
        Try(() => last = GoodputLog.Read(options.File).LastOrDefault());
        return new GoodputClock(last, options.ProcessBegan, options.Reached, options.Death);
    }

    private void Write()
    {
        foreach (var row in clock?.Close(SteadyClock.Of(Context.System).Now) ?? [])
            waiting.Enqueue(row);
        while (waiting.Count > options.Buffer)
            waiting.Dequeue();
        Try(() =>
        {
            while (waiting.TryPeek(out var next))
            {
                term.Confirm();
                log ??= GoodputLog.Open(options.File, term);
                log.Append(next);
                waiting.Dequeue();
            }
        });
    }

    private void Try(Action write)
    {
        try
        {
            write();
            if (isRefused)
                listener.Tell(new Notice($"goodput log restored: {options.File}", IsWarning: false));
            isRefused = false;
        }
        catch (UserErrorException error)
        {
            if (!isRefused)
                listener.Tell(new Notice($"goodput log unavailable: {error.Message}", IsWarning: true));
            isRefused = true;
        }
    }

    private sealed record RowIsDue : INoSerializationVerificationNeeded
    {
        public static readonly RowIsDue Instance = new();
    }
}
