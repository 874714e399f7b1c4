using System.Diagnostics.CodeAnalysis;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Tracing;
using ActorTrain.Models;
using Akka.Actor;

namespace ActorTrain.Actors.Metrics;

/// <summary>Writes what was measured, and what was read, into the files of the run.</summary>
[SuppressMessage("Design", "CA1001", Justification = "An actor ends in PostStop, and closes its files there.")]
public sealed class MetricsPublisher : TracedActor
{
    private static long lives;
    private readonly long life = Interlocked.Increment(ref lives);
    private readonly MetricsFiles files;
    private readonly IActorRef listener;

    /// <summary>Opens the files when it is told where it stands.</summary>
    /// <param name="options">Where measurements go.</param>
    /// <param name="listener">Told each <see cref="MetricsReport"/>, and by a <see cref="Notice"/> when a step came to other bits than
    /// before.</param>
    public MetricsPublisher(MetricsOptions options, IActorRef listener)
    {
        var clock = SteadyClock.Of(Context.System);
        files = new MetricsFiles(options, life, () => clock.Now, sentence => listener.Tell(new Notice(sentence, IsWarning: true)));
        this.listener = listener;
        Receive<MetricsCommand>(Obey);
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        listener.Tell(new PublisherStarted(life));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        files.Dispose();
        base.PostStop();
    }

    private void Obey(MetricsCommand command)
    {
        try
        {
            if (files.Obey(command) is { } report)
                listener.Tell(report);
        }
        catch (UserErrorException error)
        {
            listener.Tell(new MetricsFailed(error.Message));
        }
    }
}
