using System.Diagnostics.CodeAnalysis;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;
using ActorTrain.Persistence.Terms;
using Akka.Actor;

namespace ActorTrain.Actors.Metrics;

/// <summary>Writes measurements and sample positions to the files of the run.</summary>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, and closes its files there.")]
public sealed class MetricsPublisher : TracedActor
{
    private static long lives;
    private readonly long life = Interlocked.Increment(ref lives);
    private readonly MetricsLogic logic;
    private readonly IActorRef listener;

    /// <summary>Opens the files once it knows where to continue.</summary>
    /// <param name="term">Under which it writes.</param>
    /// <param name="listener">Receives each <see cref="MetricsReport"/>, and a <see cref="Notice"/> when a redone step produced different
    /// bits.</param>
    public MetricsPublisher(MetricsOptions options, RunTerm term, IActorRef listener)
    {
        var clock = SteadyClock.Of(Context.System);
        var files = new MetricsFiles(options, () => clock.Now, sentence => listener.Tell(new Notice(sentence, IsWarning: true)))
        {
            Term = term,
        };
        logic = new MetricsLogic(life, files);
        this.listener = listener;
        Receive<MetricsCommand>(Handle);
    }

    protected override void PreStart()
    {
        base.PreStart();
        listener.Tell(new PublisherStarted(life));
    }

    protected override void PostStop()
    {
        logic.Dispose();
        base.PostStop();
    }

    private void Handle(MetricsCommand command)
    {
        try
        {
            if (logic.Handle(command) is { } report)
                listener.Tell(report);
        }
        catch (UserErrorException error)
        {
            listener.Tell(new MetricsFailed(error.Message));
        }
    }
}
