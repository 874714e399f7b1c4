using System.Runtime.CompilerServices;
using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Run;
using ActorTrain.Data.Plan;

namespace ActorTrain.Actors.Tests.Simulation;

/// <summary>The step protocol, word for word: each file of tests/actors/transcripts is a scenario and all that was said in it.</summary>
/// <remarks>ACTORTRAIN_REWRITE=1 writes the files anew; what changed in them is then reviewed like code.</remarks>
public sealed class TranscriptTests
{
    private static readonly RunLogicOptions Options = new()
    {
        ConfigurationHash = "hash",
        Schedule = Arithmetic.Constant(3),
        Lanes = 4,
        Trainers = 2,
        Reducers = 2,
        HasValidation = true,
        TrainerTimeout = TimeSpan.FromSeconds(10),
        RetryInterval = TimeSpan.FromSeconds(1),
    };

    [Fact]
    public void Two_trainers_take_three_steps() =>
        Compare("Two trainers share four lanes, two reducers sum; the last state is evaluated and saved.", Options);

    [Fact]
    public void A_trainer_is_lost_in_the_middle_of_a_step() => Compare(
        "Trainer 1 dies while it computes. Its lanes go to trainer 0 within the step; its next life copies the state of trainer 0 and "
            + "catches up.",
        Options with { Schedule = Arithmetic.Constant(8) },
        static run =>
        {
            run.Until(static logic => logic.TakenSteps == 1);
            run.Crash(1);
        });

    [Fact]
    public void The_last_trainer_is_lost() => Compare(
        "The only trainer dies after step 3; step 2 was saved. Step 3 is taken again from the snapshot that is still in memory.",
        Options with { Schedule = Arithmetic.Constant(4), Trainers = 1, CheckpointEvery = 2 },
        static run =>
        {
            run.Until(static logic => logic.TakenSteps == 3);
            run.Crash(0);
        });

    [Fact]
    public void A_batch_is_vetoed() =>
        Compare("A sample of the second batch makes the gradient no number: the batch is skipped, and the step planned again.", Options,
        poison: 11);

    [Fact]
    public void A_reducer_is_restarted() => Compare(
        "Reducer 0 fails when the round is half done, and is told of its blocks again.",
        Options,
        static run =>
        {
            run.Until(static logic => logic.TakenSteps == 1);
            run.UntilHalfOfTheLanesAreDone();
            run.Forget(0);
        });

    [Fact]
    public void A_run_is_scaled_and_stopped() => Compare(
        "A third trainer joins in mid-run, later the first two are enough again; then the run is stopped and saves the step under way.",
        Options with { Schedule = Arithmetic.Constant(100) },
        static run =>
        {
            run.Until(static logic => logic.TakenSteps == 1);
            run.Give(new ScaleTrainers(3));
            run.Until(static logic => logic.TakenSteps == 4);
            run.Give(new ScaleTrainers(2));
            run.Until(static logic => logic.TakenSteps == 6);
            run.Give(new StopRun("SIGTERM"));
        });

    private static void Compare(
        string scenario, RunLogicOptions options, Action<SimulatedRun>? act = null, long? poison = null,
        [CallerMemberName] string name = "", [CallerFilePath] string here = "")
    {
        var said = new StringWriter { NewLine = "\n" };
        said.WriteLine($"# {scenario}");
        said.WriteLine("# seconds < what the run hears, > what it does; round@step, g: generation");
        var plan = new BatchPlan(1, 1000, options.Lanes * 2, options.Lanes);
        var run = new SimulatedRun(1, options, plan, poison: position => position == poison) { Transcript = said };
        act?.Invoke(run);
        run.Run(10_000);

        var file = Path.Combine(Path.GetDirectoryName(here)!, "..", "transcripts", name.ToLowerInvariant().Replace('_', '-') + ".txt");
        if (Environment.GetEnvironmentVariable("ACTORTRAIN_REWRITE") == "1")
            File.WriteAllText(file, said.ToString());
        said.ToString().ShouldBe(File.ReadAllText(file),
            $"The protocol says something else than {Path.GetFileName(file)}; ACTORTRAIN_REWRITE=1 writes it anew.");
    }
}
