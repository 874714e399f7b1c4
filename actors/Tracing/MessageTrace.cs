using System.Diagnostics;
using ActorTrain.Actors.Protocol;
using Akka.Actor;

namespace ActorTrain.Actors.Tracing;

/// <summary>A message that an actor handled.</summary>
/// <param name="Began">Milliseconds since the recording began.</param>
/// <param name="Took">Milliseconds.</param>
public sealed record HandledMessage(string Actor, string Message, double Began, double Took);

/// <summary>What the actors of a run did during some steps.</summary>
/// <param name="Steps">When each step was committed, in milliseconds since the recording began.</param>
/// <param name="Messages">Handled messages, in the order of completion.</param>
public sealed record StepTrace(IReadOnlyList<double> Steps, IReadOnlyList<HandledMessage> Messages);

/// <summary>Records on request, for some steps, which actor handles which message when. While inactive it costs one read per
/// message.</summary>
public sealed class MessageTrace : IExtension
{
    /// <summary>Limit of recorded messages; later ones are dropped.</summary>
    public const int Capacity = 100_000;

    /// <summary>Most steps of a recording.</summary>
    public const int MostSteps = 1000;

    private readonly Lock gate = new();
    private readonly List<HandledMessage> messages = [];
    private readonly List<double> commits = [];
    private volatile bool isRecording;
    private long begun;
    private int wanted;

    public bool IsRecording => isRecording;

    public static MessageTrace Of(ActorSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return system.WithExtension<MessageTrace, MessageTraceProvider>();
    }

    /// <summary>Begins a recording, in place of any other.</summary>
    /// <param name="steps">Whole steps to record, from 1 to <see cref="MostSteps"/>.</param>
    public void Begin(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, MostSteps);
        lock (gate)
        {
            messages.Clear();
            commits.Clear();

            // A step lasts from commit to commit.
            wanted = steps + 1;
            begun = Stopwatch.GetTimestamp();
            isRecording = true;
        }
    }

    public void StepCommitted()
    {
        if (!isRecording)
            return;
        lock (gate)
        {
            commits.Add(Milliseconds(begun, Stopwatch.GetTimestamp()));
            isRecording = commits.Count < wanted;
        }
    }

    /// <summary>The recording, once all its steps are committed; null before.</summary>
    public StepTrace? Take()
    {
        lock (gate)
            return isRecording || commits.Count == 0 ? null : new StepTrace([.. commits], [.. messages]);
    }

    internal bool Around(string actor, object message, Func<bool> handle)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            return handle();
        }
        finally
        {
            var ended = Stopwatch.GetTimestamp();
            lock (gate)
            {
                if (isRecording && messages.Count < Capacity)
                    messages.Add(new HandledMessage(actor, NameOf(message), Milliseconds(begun, started), Milliseconds(started, ended)));
            }
        }
    }

    // An envelope counts as what is in it.
    private static string NameOf(object message) => message switch
    {
        TellTrainer(_, var command) => NameOf(command),
        IWrappedMessage { Message: var wrapped } => NameOf(wrapped),
        _ => message.GetType().Name,
    };

    private static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
}

public sealed class MessageTraceProvider : ExtensionIdProvider<MessageTrace>
{
    public override MessageTrace CreateExtension(ExtendedActorSystem system) => new();
}
