using ActorTrain.Host.Configuration;
using ActorTrain.Host.Control;
using ActorTrain.Models;

namespace ActorTrain.Host.Tests.Control;

public sealed class RunFileReloadTests : IDisposable
{
    private readonly TemporaryRuns runs = new();
    private readonly List<int> scaled = [];
    private long steps = 1000;

    private string File => Path.Combine(runs.Path, "book.yaml");

    public void Dispose() => runs.Dispose();

    [Fact]
    public void The_number_of_trainers_is_applied()
    {
        var reload = Start("");
        Write("trainers:\n  count: 3\n");
        reload.Apply().ShouldName(File, "3 trainers");
        Write("trainers:\n  count: 1\n");
        reload.Apply().ShouldName(File, "1 trainer");
        scaled.ShouldBe([3, 1]);
    }

    [Fact]
    public void What_else_may_change_is_told_to_take_effect_later()
    {
        var reload = Start("");
        Write("trainers:\n  count: 2\nevaluation:\n  every: 7\ncheckpoints:\n  keep: 9\n");
        reload.Apply().ShouldName(File, "2 trainers", "evaluation.every, checkpoints.keep", "next start");
        scaled.ShouldBe([2]);
    }

    [Fact]
    public void What_may_not_change_is_refused_and_nothing_applied()
    {
        var reload = Start("");
        Write("trainers:\n  count: 2\ntraining:\n  seed: 9\n");
        Should.Throw<UserErrorException>(reload.Apply).Message.ShouldName($"{File} was not reloaded", "training.seed", "run.name");
        Write("trainers:\n  count: zwei\n");
        Should.Throw<UserErrorException>(reload.Apply).Message.ShouldStartWith($"{File}:4: trainers.count is 'zwei'");
        scaled.ShouldBeEmpty();
    }

    [Fact]
    public void What_was_given_on_the_command_line_still_wins()
    {
        var reload = Start("", "trainers.count=4");
        Write("trainers:\n  count: 2\n");
        reload.Apply();
        scaled.ShouldBe([4]);
    }

    [Fact]
    public void Without_a_run_file_there_is_nothing_to_read() => Should.Throw<UserErrorException>(
        () => new RunFileReload(null, ["data.path=d"], RunFile.Read(null, ["data.path=d"]), scaled.Add, static () => 1000).Apply())
            .Message.ShouldContain("without a run file");

    [Fact]
    public void The_steps_of_a_run_that_was_extended_may_stand_in_the_file_and_more_are_refused_with_what_makes_it_longer()
    {
        steps = 2000;
        var reload = Start("");
        foreach (var same in (int[])[1000, 2000])
        {
            Write($"training:\n  steps: {same}\n");
            reload.Apply().ShouldName(File, "1 trainer");
        }

        Write("training:\n  steps: 3000\n");
        Should.Throw<UserErrorException>(reload.Apply).Message.ShouldContain("--extend-to 3000");
        Write("training:\n  steps: 1500\n");
        Should.Throw<UserErrorException>(reload.Apply).Message.ShouldContain("training.steps");
    }

    [Fact]
    public void A_precision_of_auto_stays_the_one_that_the_run_was_started_with()
    {
        var reload = Start("training:\n  precision: bfloat16\n");
        Write("training:\n  precision: auto\n");
        reload.Apply().ShouldName(File, "1 trainer");
        Write("training:\n  precision: float32\n");
        Should.Throw<UserErrorException>(reload.Apply).Message.ShouldContain("training.precision");
    }

    private RunFileReload Start(string yaml, params string[] overrides)
    {
        Write(yaml);
        return new RunFileReload(File, overrides, RunFile.Read(File, overrides), scaled.Add, () => steps);
    }

    private void Write(string yaml) => System.IO.File.WriteAllText(File, "data:\n  path: d\n" + yaml);
}
