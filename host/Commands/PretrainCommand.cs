using ActorTrain.Host.Cli;
using ActorTrain.Host.Training;

namespace ActorTrain.Host.Commands;

internal static class PretrainCommand
{
    public static CliCommand Define() => TrainCommand.Define(
        TrainingStage.Pretraining, "Pretrain a model, or resume a run that was stopped or killed.", """
            Ctrl-C or SIGTERM finishes the step, saves a checkpoint and exits with 0; a second one exits immediately. After either, and
            after kill -9, the same command resumes the run and ends bit-identical to an undisturbed one. A different configuration
            is rejected with the keys that differ. 'actortrain help config' lists every key with its default.

            --extend-to N extends an existing run, whether it is finished, stopped, killed or being trained by another
            process. It takes effect at the current step S, once it is in the journal. Steps before S keep their
            learning rates, also when they are redone. From S, the rate moves linearly, over as many steps as the
            warm-up has, from the current schedule to that of a run with N steps from its start, and then follows the
            latter, so a finished run warms up and decays again. Formally, with W steps of warm-up: step t has the
            rate a*c(t) + (1-a)*f(t), where a = min(1, (t-S+1) / min(W, N-S)), c is the schedule of a run of N steps and f the
            previous one. The warm-up never changes, and the run file may keep its training.steps or give N. The same command
            resumes the run after a kill.

            With base.model, the run starts with the weights of another run, or of an imported model, and has its shape.

            --nodes N spreads the trainers over N processes of this machine; 'actortrain node' adds others to a run with nodes.listen.

            Examples:
              actortrain pretrain run.yaml
              actortrain pretrain run.yaml --set run.name=wide --set model.depth=8 --set training.precision=bfloat16
              actortrain pretrain --set data.path=data/book --set training.steps=500
              actortrain pretrain run.yaml --extend-to 4000
            """);
}
