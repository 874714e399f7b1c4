using ActorTrain.Actors.Faults;
using ActorTrain.Models;
using Akka.Actor;

namespace ActorTrain.Actors.Metrics;

/// <summary>Writes what was measured, and what was read, into the files of the run.</summary>
public sealed class MetricsPublisher : BreakableActor
{
    private readonly MetricsFiles files;
    private readonly IActorRef listener;

    /// <summary>Writes through files that outlive it.</summary>
    /// <param name="files">The files, of one life of the run; whoever made them closes them.</param>
    /// <param name="listener">Told each <see cref="MetricsReport"/>.</param>
    /// <param name="faults">What breaks it, under test.</param>
    public MetricsPublisher(MetricsFiles files, IActorRef listener, IFaultInjector? faults = null)
        : base(faults)
    {
        this.files = files;
        this.listener = listener;
        Receive<MetricsCommand>(Obey);
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        listener.Tell(new PublisherStarted(files.Life));
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
