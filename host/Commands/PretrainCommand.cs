using System.CommandLine;
using ActorTrain.Host.Configuration;

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
        var extendTo = new Option<long?>("--extend-to")
        {
            Description = "Make an existing run longer: N steps in all, more than it has. Its learning rate is explained below.",
            HelpName = "N",
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result => OptionChecks.Read(result, new Whole(1), static value => (long?)value),
        };
        var force = OptionChecks.Force();
        var command = new TaughtCommand("pretrain", "Train a model from the start, or go on where a run was stopped or killed.", """
            Ctrl-C or SIGTERM finishes the step, saves a checkpoint and exits with 0; a second one exits at once. After either, and after
            kill -9, the same command goes on and ends with the same bits as an undisturbed run. A run that was started with another
            configuration is refused, naming the keys. 'actortrain help config' lists every key with its default.

            --extend-to N makes an existing run longer, whether it is finished, stopped, killed or being trained by another
            process. It takes effect at the step S where the run stands, once the journal has it. Steps before S keep their
            learning rates, also when they are taken again. From S on, the rate passes linearly, over as many steps as the
            warm-up has, from the schedule so far to that of a run that has N steps from its start, and then follows the
            latter, so that a finished run warms up again and decays anew. In figures, with W steps of warm-up: step t has the
            rate a*c(t) + (1-a)*f(t), where a = min(1, (t-S+1) / min(W, N-S)), c is the schedule of a run of N steps and f the
            one before. The warm-up never changes, and the run file may keep its training.steps or give N. The same command
            resumes the run after a kill.

            Examples:
              actortrain pretrain run.yaml
              actortrain pretrain run.yaml --set run.name=wide --set model.depth=8 --set training.precision=bfloat16
              actortrain pretrain --set data.path=data/book --set training.steps=500
              actortrain pretrain run.yaml --extend-to 4000
            """) { file, set, resume, fresh, extendTo, force };
        command.Validators.Add(line =>
        {
            if (line.GetValue(resume) && line.GetValue(fresh))
                line.AddError("--resume and --fresh exclude each other; give one of them");
            if (line.GetResult(extendTo) is not null && line.GetValue(fresh))
                line.AddError("--extend-to and --fresh exclude each other; give one of them");
            if (line.GetValue(file) is null && line.GetValue(set) is not { Length: > 0 })
                line.AddError("pretrain needs a run file, or --set for what it should train on");
        });
        command.SetAction(line => run(new PretrainRequest(
            line.GetValue(file), line.GetValue(set) ?? [],
            line.GetValue(resume) ? ResumeMode.Required : line.GetValue(fresh) ? ResumeMode.Fresh : ResumeMode.WhenPossible,
            line.GetValue(extendTo), line.GetValue(force))));
        return command;
    }
}
