using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>Defines <c>actortrain pretrain</c>.</summary>
internal static class PretrainCommand
{
    public static Command Define(Func<PretrainRequest, int> run)
    {
        var file = new Argument<string?>("RUN.yaml")
        {
            Description = "The run file; without one, every setting comes from --set and the defaults.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var set = new Option<string[]>("--set")
        {
            Description = "Override a key of the run file, such as --set training.steps=2000; may be given many times.",
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
        };
        var resume = new Option<bool>("--resume")
        {
            Description = "Go on with the run; refuse where it has no checkpoint. Without it a run is resumed where it exists and agrees.",
        };
        var fresh = new Option<bool>("--fresh")
        {
            Description = "Begin at step 0; refuse where the run's folder holds checkpoints. Nothing is ever deleted: choose another run.name.",
        };
        var force = OptionChecks.Force();
        var command = new TaughtCommand("pretrain", "Train a model from the start, or go on where a run was stopped or killed.", """
            Ctrl-C or SIGTERM finishes the step, saves a checkpoint and exits with 0; a second one exits at once. After either, and after
            kill -9, the same command goes on and ends with the same bits as an undisturbed run. A run that was started with another
            configuration is refused, naming the keys. 'actortrain help config' lists every key with its default.

            Examples:
              actortrain pretrain run.yaml
              actortrain pretrain run.yaml --set run.name=wide --set model.depth=8 --set training.precision=bfloat16
              actortrain pretrain --set data.path=data/book --set training.steps=500
            """) { file, set, resume, fresh, force };
        command.Validators.Add(line =>
        {
            if (line.GetValue(resume) && line.GetValue(fresh))
                line.AddError("--resume and --fresh exclude each other; give one of them");
            if (line.GetValue(file) is null && line.GetValue(set) is not { Length: > 0 })
                line.AddError("pretrain needs a run file, or --set for what it should train on");
        });
        command.SetAction(line => run(new PretrainRequest(
            line.GetValue(file), line.GetValue(set) ?? [],
            line.GetValue(resume) ? ResumeMode.Required : line.GetValue(fresh) ? ResumeMode.Fresh : ResumeMode.WhenPossible, line.GetValue(force))));
        return command;
    }
}
