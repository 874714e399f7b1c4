using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>People who request this and that of a run, as the weather has it.</summary>
/// <param name="world">Where.</param>
/// <param name="give">Takes their requests.</param>
internal sealed class SimulatedOperators(SimulatedWorld world, Action<IRunInput> give)
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan AfterAWhile = TimeSpan.FromSeconds(5);

    // Requests to continue that are not answered: with a process that dies before they are durable, they are lost.
    private readonly HashSet<long> continuing = [];
    private long requests;

    /// <summary>The run has answered a request.</summary>
    public void Note(AnswerOperator answer)
    {
        if (continuing.Remove(answer.Request) && answer.Answer.IsAccepted)
            continuing.Clear();
    }

    /// <summary>The run has handled an input.</summary>
    /// <param name="takenSteps">Updates so far.</param>
    public void Follow(long takenSteps)
    {
        var (fate, weather) = (world.Fate, world.Fate.Weather);
        if (fate.Chance(weather.Operator))
            Request(takenSteps);
        if (fate.Chance(weather.Scale))
        {
            IRunInput scale = world.NeedsRollouts && fate.Random.Next(2) == 0 ? new ScaleRollouts(fate.Random.Next(1, 5))
                : new ScaleTrainers(fate.Random.Next(1, 6));
            world.Time.After(Soon, () => give(scale));
        }
    }

    private void Request(long takenSteps)
    {
        var random = world.Fate.Random;
        OperatorCommand command = random.Next(7) switch
        {
            0 => new RollBackRun(random.NextInt64(Math.Max(1, takenSteps)), random.Next(3)),
            1 => new SkipBatches(random.Next(1, 3)),
            2 => new ScaleLearningRate(0.5),
            3 => new QuarantineTrainer(random.Next(4)),
            4 => new ReleaseTrainer(random.Next(4)),
            5 => new PauseRun(),
            _ => new ContinueRun(),
        };
        world.Time.After(Soon, () => Give(command));

        // Nobody pauses a run for good.
        if (command is PauseRun)
            world.Time.After(AfterAWhile, Continue);
    }

    private void Continue()
    {
        continuing.Add(requests + 1);
        Give(new ContinueRun());
        world.Time.After(AfterAWhile, () =>
        {
            if (continuing.Count > 0)
                Continue();
        });
    }

    private void Give(OperatorCommand command) => give(new OperatorRequest(++requests, "someone", command));
}
